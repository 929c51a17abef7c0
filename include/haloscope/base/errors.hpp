// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file errors.hpp
/// The two ways to fail, and the exit codes they become.
///
/// A UserError is the same on every rank (rank 0 reads, the bytes are broadcast, all parse), so every rank leaves main
/// quietly with exit code 2 and rank 0 alone prints one line. A LibraryError may strike one rank only; main prints it
/// with its rank and source location and calls MPI_Abort.
#include <source_location>
#include <stdexcept>
#include <string>

namespace haloscope {

/// What a process of Haloscope returns. Never `ok` on failure.
enum class ExitCode : int { ok = 0, user_error = 2, library_error = 3, result_invalid = 4 };

/// The user's input is wrong. @p what is one line: `file:key: value: what is allowed`.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A library or the machine failed; the text carries the source location that noticed.
class LibraryError : public std::runtime_error {
 public:
  explicit LibraryError(const std::string& what, std::source_location where = std::source_location::current());
};

/// Throws LibraryError when @p code is not MPI_SUCCESS. The communicator of the call must return errors (see
/// make_communicator in handles.hpp), else MPI never comes back to be checked.
void check_mpi(int code, std::source_location where = std::source_location::current());

/// A programmer's promise at a door; always on. @throws LibraryError naming @p promise.
void require(bool holds, const char* promise, std::source_location where = std::source_location::current());

}  // namespace haloscope
