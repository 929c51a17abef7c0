// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/errors.hpp"

#include <fmt/format.h>
#include <mpi.h>

namespace haloscope {

namespace {

std::string_view file_name(const std::source_location& where) {
  const std::string_view path = where.file_name();
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

LibraryError::LibraryError(const std::string& what, std::source_location where)
    : std::runtime_error(fmt::format("{} ({}:{})", what, file_name(where), where.line())) {}

void check_mpi(int code, std::source_location where) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "unknown MPI error";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw LibraryError(text, where);
}

void require(bool holds, const char* promise, std::source_location where) {
  if (!holds) throw LibraryError(fmt::format("broken promise: {}", promise), where);
}

}  // namespace haloscope
