// The first include of files whose functions need AVX512-BF16, before all headers: their templates are to become part
// of loops. GCC 10 and later compile such files for processors that may lack the instructions, and SWIN3D_BFLOAT16 is
// defined; swin3d_has_bfloat16 says what is the case.
#pragma once

#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#pragma GCC target("avx512bf16")
#define SWIN3D_BFLOAT16 1
#endif
