// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file handles.hpp
/// One owning handle for everything that C libraries hand out: MPI here, PETSc and HDF5 in their own rooms.
///
/// Move-only, noexcept, never throws when destroyed, silent after the library has finalized. Made only from values
/// already checked: a handle around an unchecked id hides the failure it carries.
#include <mpi.h>

#include <type_traits>
#include <utility>

namespace haloscope {

/// @tparam Traits has `using type`, `static type null() noexcept` and `static void release(type&) noexcept`.
template <class Traits>
class Handle {
 public:
  using type = typename Traits::type;
  Handle() noexcept = default;
  explicit Handle(type value) noexcept : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, Traits::null())) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = std::exchange(other.value_, Traits::null());
    }
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(); }

  [[nodiscard]] type get() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ != Traits::null(); }
  void reset() noexcept {
    if (value_ != Traits::null()) Traits::release(value_);
    value_ = Traits::null();
  }

 private:
  type value_ = Traits::null();
};

/// False before MPI_Init and after MPI_Finalize, when no MPI object may be touched.
[[nodiscard]] bool mpi_is_running() noexcept;

struct CommunicatorTraits {
  using type = MPI_Comm;
  static type null() noexcept { return MPI_COMM_NULL; }
  static void release(type& comm) noexcept {
    if (mpi_is_running()) MPI_Comm_free(&comm);
  }
};
using Communicator = Handle<CommunicatorTraits>;

struct RequestTraits {
  using type = MPI_Request;
  static type null() noexcept { return MPI_REQUEST_NULL; }
  static void release(type& request) noexcept {
    if (mpi_is_running()) MPI_Request_free(&request);
  }
};
using Request = Handle<RequestTraits>;

/// Duplicates @p comm and sets MPI_ERRORS_RETURN at birth. Collective. @throws LibraryError
[[nodiscard]] Communicator make_communicator(MPI_Comm comm);

/// MPI_Comm_split with MPI_ERRORS_RETURN; empty for ranks whose @p color is MPI_UNDEFINED. Collective over @p comm.
[[nodiscard]] Communicator split_communicator(MPI_Comm comm, int color, int key);

/// This rank's number in @p comm, and the count of ranks there. Not collective. @throws LibraryError
[[nodiscard]] int rank_in(MPI_Comm comm);
[[nodiscard]] int ranks_in(MPI_Comm comm);

/// MPI's name for float or double.
template <class T>
[[nodiscard]] MPI_Datatype mpi_type() noexcept {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  return std::is_same_v<T, double> ? MPI_DOUBLE : MPI_FLOAT;
}

}  // namespace haloscope
