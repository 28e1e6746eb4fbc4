// Which of the builds of this library the processor can run.
#define SWIN3D_ANSWER(name) extern "C" __attribute__((visibility("default"))) int name()

SWIN3D_ANSWER(swin3d_supports_portable) { return 1; }

#if defined(__x86_64__) || defined(__i386__)
SWIN3D_ANSWER(swin3d_supports_avx2) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

SWIN3D_ANSWER(swin3d_supports_avx512) {
    return swin3d_supports_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
SWIN3D_ANSWER(swin3d_supports_avx2) { return 0; }

SWIN3D_ANSWER(swin3d_supports_avx512) { return 0; }
#endif

SWIN3D_ANSWER(swin3d_has_openmp) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}
