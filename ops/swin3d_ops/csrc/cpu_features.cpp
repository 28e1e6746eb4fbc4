// Which of the builds of this library the processor can run.
extern "C" __attribute__((visibility("default"))) int swin3d_supports_avx2() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

extern "C" __attribute__((visibility("default"))) int swin3d_has_openmp() {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}
