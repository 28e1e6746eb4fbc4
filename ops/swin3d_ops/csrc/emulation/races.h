// What emulated block code tells the search for data races; see races.cpp.
#pragma once

#include <cstddef>

namespace swin3d {

constexpr int kAllThreads = -1;

void watch_launch();
void watch_block(int block, const char* shared, std::size_t bytes);
const char* watch_end();  // the first race of the launch so far, empty where there is none
void watch_thread(int thread);
void watch_barrier();
void watch_atomic(bool atomic);
void watch_own(const void* first, std::size_t bytes);

}  // namespace swin3d
