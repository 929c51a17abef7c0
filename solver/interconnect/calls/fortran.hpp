// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file fortran.hpp
/// Fortran's arguments as C's. Every Fortran argument is an address; what it becomes is known from the type that the C
/// function has in its place, so a call needs one line in a table.
///
/// For Open MPI, whose INTEGER is an int and whose LOGICAL is .true. when its lowest bit is set (gfortran, ifort,
/// nvfortran). Fortran's MPI_IN_PLACE and its like are addresses of common blocks, looked up by name at the first call:
/// nothing of Fortran is linked.
#include <mpi.h>

#include <tuple>
#include <type_traits>
#include <utility>

#include "interconnect/calls/crossing.hpp"

namespace haloscope::interconnect {

static_assert(std::is_same_v<MPI_Fint, int>);

/// The addresses that mean something by themselves.
struct FortranConstants {
  const void *bottom, *in_place, *status_ignore, *statuses_ignore, *unweighted, *weights_empty;
};
[[nodiscard]] const FortranConstants& fortran_constants() noexcept;

// clang-format off
inline MPI_Comm     from_fortran(MPI_Fint handle, MPI_Comm)     { return PMPI_Comm_f2c(handle); }
inline MPI_Datatype from_fortran(MPI_Fint handle, MPI_Datatype) { return PMPI_Type_f2c(handle); }
inline MPI_File     from_fortran(MPI_Fint handle, MPI_File)     { return PMPI_File_f2c(handle); }
inline MPI_Group    from_fortran(MPI_Fint handle, MPI_Group)    { return PMPI_Group_f2c(handle); }
inline MPI_Info     from_fortran(MPI_Fint handle, MPI_Info)     { return PMPI_Info_f2c(handle); }
inline MPI_Message  from_fortran(MPI_Fint handle, MPI_Message)  { return PMPI_Message_f2c(handle); }
inline MPI_Op       from_fortran(MPI_Fint handle, MPI_Op)       { return PMPI_Op_f2c(handle); }
inline MPI_Request  from_fortran(MPI_Fint handle, MPI_Request)  { return PMPI_Request_f2c(handle); }
inline MPI_Win      from_fortran(MPI_Fint handle, MPI_Win)      { return PMPI_Win_f2c(handle); }
inline MPI_Fint to_fortran(MPI_Comm handle)    { return PMPI_Comm_c2f(handle); }
inline MPI_Fint to_fortran(MPI_File handle)    { return PMPI_File_c2f(handle); }
inline MPI_Fint to_fortran(MPI_Message handle) { return PMPI_Message_c2f(handle); }
inline MPI_Fint to_fortran(MPI_Request handle) { return PMPI_Request_c2f(handle); }
inline MPI_Fint to_fortran(MPI_Win handle)     { return PMPI_Win_c2f(handle); }
#if HALOSCOPE_MPI_4
inline MPI_Errhandler from_fortran(MPI_Fint handle, MPI_Errhandler) { return PMPI_Errhandler_f2c(handle); }
inline MPI_Session    from_fortran(MPI_Fint handle, MPI_Session)    { return PMPI_Session_f2c(handle); }
inline MPI_Fint to_fortran(MPI_Session handle) { return PMPI_Session_c2f(handle); }
#endif
// clang-format on

[[nodiscard]] inline void* buffer_from_fortran(void* address) noexcept {
  const FortranConstants& constants = fortran_constants();
  if (address == constants.in_place) return MPI_IN_PLACE;
  if (address == constants.bottom) return MPI_BOTTOM;
  return address;
}

/// One argument: a number or a handle, by value.
template <class T>
struct FromFortran {
  T value;
  explicit FromFortran(void* address) {
    if constexpr (std::is_integral_v<T>)
      value = *static_cast<T*>(address);
    else
      value = from_fortran(*static_cast<MPI_Fint*>(address), T{});
  }
  void write_back(int) {}
};

template <>
struct FromFortran<void*> {
  void* value;
  explicit FromFortran(void* address) : value(buffer_from_fortran(address)) {}
  void write_back(int) {}
};
template <>
struct FromFortran<const void*> : FromFortran<void*> {
  using FromFortran<void*>::FromFortran;
};

/// Numbers, one or many: as they lie there.
template <class T>
requires std::is_integral_v<T>
struct FromFortran<T*> {
  T* value;
  explicit FromFortran(void* address) : value(static_cast<T*>(address)) {}
  void write_back(int) {}
};
template <>
struct FromFortran<const int*> {
  const int* value;
  explicit FromFortran(void* address) : value(static_cast<int*>(address)) {
    const FortranConstants& constants = fortran_constants();
    if (address == constants.unweighted) value = MPI_UNWEIGHTED;
    if (address == constants.weights_empty) value = MPI_WEIGHTS_EMPTY;
  }
  void write_back(int) {}
};

/// A handle that the call makes, changes or frees.
template <class T>
requires requires(T handle) { to_fortran(handle); }
struct FromFortran<T*> {
  MPI_Fint* place;
  T handle;
  T* value = &handle;
  explicit FromFortran(void* address) : place(static_cast<MPI_Fint*>(address)), handle(from_fortran(*place, T{})) {}
  FromFortran(const FromFortran&) = delete;
  FromFortran& operator=(const FromFortran&) = delete;
  void write_back(int code) {
    // A failed wait may free its request; a failed call of another kind made nothing.
    if (code == MPI_SUCCESS || (std::is_same_v<T, MPI_Request> && handle != nullptr)) *place = to_fortran(handle);
  }
};

template <>
struct FromFortran<MPI_Status*> {
  MPI_Fint* place;
  MPI_Status status;
  MPI_Status* value = MPI_STATUS_IGNORE;
  explicit FromFortran(void* address) : place(static_cast<MPI_Fint*>(address)) {
    if (address == fortran_constants().status_ignore || address == MPI_F_STATUS_IGNORE) return;
    PMPI_Status_f2c(place, &status);  // a call may leave it as it was
    value = &status;
  }
  FromFortran(const FromFortran&) = delete;
  FromFortran& operator=(const FromFortran&) = delete;
  void write_back(int) {
    if (value != MPI_STATUS_IGNORE) PMPI_Status_c2f(&status, place);
  }
};

template <class... Parameters, std::size_t... I>
int call_with(int (*function)(Parameters...), void* const* addresses, std::index_sequence<I...>) {
  std::tuple<FromFortran<Parameters>...> arguments(addresses[I]...);
  const int code = function(std::get<I>(arguments).value...);
  (std::get<I>(arguments).write_back(code), ...);
  return code;
}

/// Calls @p function with what stands at @p addresses, and @p error gets its code.
template <class... Parameters>
void call_from_fortran(int (*function)(Parameters...), void* const (&addresses)[sizeof...(Parameters)],
                       MPI_Fint* error) {
  const int code = call_with(function, addresses, std::index_sequence_for<Parameters...>());
  if (error != nullptr) *error = code;
}

}  // namespace haloscope::interconnect

/// Defines a Fortran call under its two names: that of mpif.h and the module mpi, and that which the module mpi_f08 of
/// Open MPI calls. Parameters in parentheses; then the body.
#define HALOSCOPE_FORTRAN(name, parameters)                                                                   \
  extern "C" __attribute__((visibility("default"))) void mpi_##name##_ parameters;                            \
  extern "C" __attribute__((visibility("default"), alias("mpi_" #name "_"))) void ompi_##name##_f parameters; \
  void mpi_##name##_ parameters
/// Such a call under a third name, after its definition.
#define HALOSCOPE_FORTRAN_PMPI(name, parameters) \
  extern "C" __attribute__((visibility("default"), alias("mpi_" #name "_"))) void pmpi_##name##_ parameters;
