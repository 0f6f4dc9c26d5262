#pragma once
#include "kernels/sim/cuda.h"
