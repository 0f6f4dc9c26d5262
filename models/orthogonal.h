// Orthogonal starts: Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
// (2014). A linear layer with as many outputs as inputs that starts so keeps the length of what goes through it, and of the gradient that
// comes back.
#pragma once
#include "engine/rng.h"

namespace duel {

// f64 [rows,columns] on the CPU: rows of length 1 at right angles where rows ≤ columns, else such columns. It is the Q of QR of a matrix
// from N(0, 1), where R's diagonal is positive: without a fixed sign, Q would not be uniform over such matrices (Mezzadri, "How to
// generate random matrices from the classical compact groups", 2007). Drawn and worked out on the host, so the same for every device and
// any number of threads; `number` tells apart what one rng draws.
Tensor orthogonal(const Rng& rng, int number, int64_t rows, int64_t columns);

}  // namespace duel
