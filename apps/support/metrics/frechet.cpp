#include "apps/support/metrics/frechet.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>

#include "kernels/error.h"

namespace duel {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Seen = Eigen::Map<const Matrix>;

constexpr int64_t at_once = 2048;  // samples in double at a time
constexpr int64_t tile = 64;       // rows of the covariance that a thread works on

Eigen::VectorXd roots(const Eigen::VectorXd& eigenvalues) { return eigenvalues.cwiseMax(0).cwiseSqrt(); }

}  // namespace

Moments moments(std::span<const float> features, int64_t d) {
  const int64_t n = d > 0 ? static_cast<int64_t>(features.size()) / d : 0;
  if (n < 2) fail(Failure::usage, fmt::format("a covariance needs 2 samples at least, not {}; take more images", n));
  Moments m{n, d, std::vector<double>(static_cast<size_t>(d)), std::vector<double>(static_cast<size_t>(d * d))};
  Eigen::Map<Eigen::VectorXd> mean(m.mean.data(), d);
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> all(features.data(), n, d);
  for (int64_t i = 0; i < n; ++i) mean += all.row(i).cast<double>().transpose();
  mean /= static_cast<double>(n);

  Eigen::Map<Matrix> covariance(m.covariance.data(), d, d);
  Matrix centred;
  for (int64_t from = 0; from < n; from += at_once) {
    centred = all.middleRows(from, std::min(at_once, n - from)).cast<double>().rowwise() - mean.transpose();
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t top = 0; top < d; top += tile) {  // the upper triangle, one thread a tile
      const int64_t rows = std::min(tile, d - top);
      covariance.block(top, top, rows, d - top).noalias() += centred.middleCols(top, rows).transpose() * centred.rightCols(d - top);
    }
  }
  covariance /= static_cast<double>(n - 1);
  covariance.triangularView<Eigen::StrictlyLower>() = covariance.transpose();
  return m;
}

double frechet(const Moments& a, const Moments& b) {
  if (a.d != b.d) fail(Failure::usage, fmt::format("[frechet] {} features against {}; take those of one extractor", a.d, b.d));
  const Eigen::Map<const Eigen::VectorXd> mean_a(a.mean.data(), a.d), mean_b(b.mean.data(), b.d);
  const Seen covariance_a(a.covariance.data(), a.d, a.d), covariance_b(b.covariance.data(), b.d, b.d);
  const Eigen::SelfAdjointEigenSolver<Matrix> of_a(covariance_a);
  const Matrix root = of_a.eigenvectors() * roots(of_a.eigenvalues()).asDiagonal() * of_a.eigenvectors().transpose();
  Matrix product = root * covariance_b * root;
  product = (0.5 * (product + product.transpose())).eval();
  const Eigen::SelfAdjointEigenSolver<Matrix> of_product(product, Eigen::EigenvaluesOnly);
  const double distance =
      (mean_a - mean_b).squaredNorm() + covariance_a.trace() + covariance_b.trace() - 2 * roots(of_product.eigenvalues()).sum();
  return distance < 0 ? 0 : distance;
}

}  // namespace duel
