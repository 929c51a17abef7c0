// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/grid/field.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace haloscope {

namespace {

constexpr std::size_t line = 64;  ///< bytes of a cache line

constexpr std::ptrdiff_t round_up(std::ptrdiff_t count, std::ptrdiff_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

}  // namespace

template <class T>
void Field<T>::Free::operator()(void* memory) const noexcept {
  std::free(memory);
}

template <class T>
Field<T>::Field(PerAxis<LocalIndex> cells, int ghost) {
  constexpr auto per_line = static_cast<std::ptrdiff_t>(line / sizeof(T));
  const std::ptrdiff_t lead = round_up(ghost, per_line);  // so that cell 0 of a row starts a line
  const std::ptrdiff_t pitch = round_up(lead + cells[0] + ghost, per_line);
  const std::ptrdiff_t rows = cells[1] + 2 * ghost, planes = cells[2] + 2 * ghost;
  size_ = static_cast<std::size_t>(pitch * rows * planes);
  T* const memory = static_cast<T*>(std::aligned_alloc(line, std::max(line, size_ * sizeof(T))));
  if (memory == nullptr) throw std::bad_alloc();
  memory_.reset(memory);
  view_ = {memory + lead + ghost * pitch + ghost * pitch * rows, cells, {1, pitch, pitch * rows}, ghost};
  fill(T{0});
}

template <class T>
void Field<T>::fill(T value) noexcept {
  std::fill_n(memory_.get(), size_, value);
}

template class Field<float>;
template class Field<double>;

}  // namespace haloscope
