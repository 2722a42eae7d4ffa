// The entry of libFuzzer for programs that have a main of their own (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a library").
#ifndef C_LIB_FUZZER_H
#define C_LIB_FUZZER_H

#include <stddef.h>
#include <stdint.h>

extern int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
