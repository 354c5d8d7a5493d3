/* A program that follows a null pointer, always at the same place. */
#include <stdlib.h>

struct order { int total; };

__attribute__((noinline)) static int total(volatile struct order *order) { return order->total; }

int main(int count, char **arguments) {
    return total(count > 100 ? (struct order *) arguments : NULL);
}
