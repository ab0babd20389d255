// The matrix-vector products of one token, float32: what a loop in C reaches, as in llama2.c.
// Compiled by engines.py so that sums may be taken in any order, as with -Ofast.
void token(int matrices, const float **weights, const int *rows, const int *columns,
           const float *x, float *y) {
  for (int m = 0; m < matrices; m++) {
    const float *w = weights[m];
    int n = columns[m];
    int i;
#pragma omp parallel for private(i)
    for (i = 0; i < rows[m]; i++) {
      float sum = 0;
      for (int j = 0; j < n; j++) sum += w[(long)i * n + j] * x[j];
      y[i] = sum;
    }
  }
}
