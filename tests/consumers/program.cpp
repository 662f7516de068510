// SPDX-License-Identifier: MIT
// Prints what `objective.cpp` computes, of one function or (-DSECOND=name) of two in one program.
#include <cstdio>

extern "C" double CONSUMER(float* dlogp);
#if defined(SECOND)
extern "C" double SECOND(float* dlogp);
#endif

static void print(double (*evaluate)(float*)) {
  float dlogp[5] = {};
  double const loss = evaluate(dlogp);
  std::printf("%.9g", loss);
  for (float d : dlogp) std::printf(" %.9g", static_cast<double>(d));
  std::printf("\n");
}

int main() {
  print(CONSUMER);
#if defined(SECOND)
  print(SECOND);
#endif
}
