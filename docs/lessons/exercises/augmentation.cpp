// Exercise of docs/lessons/augmentation.md: a turn about the middle of an image and a shift after it, as one map.
//
//   g++ -std=c++20 docs/lessons/exercises/augmentation.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether map_of() is right. It looks at where points come to, not at the numbers of the map, so the answer is nowhere in this file.
#include <cmath>
#include <cstdio>
#include <initializer_list>

const double pi = std::acos(-1.0);

// A point (x, y) comes to (a·x + b·y + c, d·x + e·y + f). x goes to the right and y DOWN, as rows of an image do.
struct Map {
  double a, b, c, d, e, f;
};
struct Point {
  double x, y;
};
Point at(const Map& m, Point p) { return {m.a * p.x + m.b * p.y + m.c, m.d * p.x + m.e * p.y + m.f}; }

// Yours: turns an image of `height` rows and `width` columns counter-clockwise, as one sees it, about its middle (width/2, height/2), and
// then moves it by (right, down).
Map map_of(double degrees, double height, double width, double right, double down) {
  return {1, 0, 0, 0, 1, 0};  // write it here
}

double distance(Point p, Point q) { return std::hypot(p.x - q.x, p.y - q.y); }

int main() {
  for (double degrees : {0.0, 90.0, -90.0, 30.0, 135.0, -200.0})
    for (Point size : {Point{4, 4}, {10, 6}})
      for (Point shift : {Point{0, 0}, {1, 0}, {-2, 3.5}}) {
        const Map m = map_of(degrees, size.y, size.x, shift.x, shift.y);
        const Point middle{size.x / 2, size.y / 2}, corner{size.x - 0.5, 0.5}, side{size.x, size.y / 2}, one{1, 2}, two{3.5, 0};
        const auto wrong = [&](const char* what) {
          std::printf("wrong: turned by %g degrees and moved by (%g, %g), %s\n", degrees, shift.x, shift.y, what);
          return 1;
        };
        const Point to = at(m, middle), went = at(m, side);
        if (!(distance(to, {middle.x + shift.x, middle.y + shift.y}) < 1e-9))
          return wrong("the middle does not come to where the shift takes it");
        if (!(std::fabs(distance(at(m, one), at(m, two)) - distance(one, two)) < 1e-9))
          return wrong("two points come nearer or drift apart");
        if (!(std::fabs(distance(at(m, corner), to) - distance(corner, middle)) < 1e-9))
          return wrong("a corner comes nearer to the middle, or drifts off");
        if (!(m.a * m.e - m.b * m.d > 0)) return wrong("the image is mirrored");
        const double turned =
            std::atan2(to.y - went.y, went.x - to.x) * 180 / pi;  // of what lay to the right of the middle; up is positive
        if (!(std::fabs(std::remainder(turned - degrees, 360)) < 1e-6)) {
          std::printf("wrong: to be turned by %g degrees, but what lay to the right of the middle is turned by %g\n", degrees, turned);
          return 1;
        }
      }
  std::printf("right\n");
}
