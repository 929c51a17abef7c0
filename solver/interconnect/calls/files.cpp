// SPDX-License-Identifier: BSD-3-Clause
// MPI-IO takes no modelled time and is counted as such. What ranks do with a file together they do after they have met:
// a rank that blocks inside MPI answers nobody.
#include <map>

#include "interconnect/calls/crossing.hpp"
#include "interconnect/calls/free_call.hpp"
#include "interconnect/calls/signature.hpp"

using namespace haloscope::interconnect;

namespace {

/// Of each open file: its ranks, apart from the communicator of the program, which may go earlier.
std::map<MPI_File, MPI_Comm>& ranks_of_files() {
  static auto* const all = new std::map<MPI_File, MPI_Comm>;
  return *all;
}

MPI_Comm ranks_of(MPI_File file) {
  const auto found = ranks_of_files().find(file);
  return found == ranks_of_files().end() ? MPI_COMM_NULL : found->second;
}

}  // namespace

HALOSCOPE_MPI MPI_File_open(MPI_Comm comm, const char* name, int mode, MPI_Info info, MPI_File* file) {
  if (inside || !modelled()) return PMPI_File_open(comm, name, mode, info, file);
  return pass_free("MPI_File_open", comm, [&] {
    const int code = PMPI_File_open(comm, name, mode, info, file);
    if (code == MPI_SUCCESS) PMPI_Comm_dup(comm, &ranks_of_files()[*file]);
    return code;
  });
}

HALOSCOPE_MPI MPI_File_close(MPI_File* file) {
  MPI_Comm ranks = ranks_of(*file);
  ranks_of_files().erase(*file);
  const int code = pass_free("MPI_File_close", ranks, [&] { return PMPI_File_close(file); });
  if (ranks != MPI_COMM_NULL) PMPI_Comm_free(&ranks);
  return code;
}

#define PASS(name, n, together, note)                               \
  HALOSCOPE_MPI MPI_##name(HALOSCOPE_PARAMETERS_##n(PMPI_##name)) { \
    return pass_free("MPI_" #name, together, [&] {                  \
      if (note && engine() != nullptr) count_inexact("MPI_" #name); \
      return PMPI_##name(HALOSCOPE_ARGUMENTS_##n);                  \
    });                                                             \
  }
#define FREE(name, n) PASS(name, n, MPI_COMM_NULL, false)
/// All ranks of the file make the call.
#define TOGETHER(name, n) PASS(name, n, ranks_of(a), false)
/// The shared pointer moves in the order in which ranks really come.
#define UNORDERED(name, n) PASS(name, n, MPI_COMM_NULL, true)

// clang-format off
FREE(File_delete, 2)
FREE(File_read, 5)
FREE(File_read_at, 6)
FREE(File_write, 5)
FREE(File_write_at, 6)
FREE(File_iread, 5)
FREE(File_iread_at, 6)
FREE(File_iread_all, 5)
FREE(File_iread_at_all, 6)
FREE(File_iwrite, 5)
FREE(File_iwrite_at, 6)
FREE(File_iwrite_all, 5)
FREE(File_iwrite_at_all, 6)
TOGETHER(File_read_all, 5)
TOGETHER(File_read_all_begin, 4)
TOGETHER(File_read_all_end, 3)
TOGETHER(File_read_at_all, 6)
TOGETHER(File_read_at_all_begin, 5)
TOGETHER(File_read_at_all_end, 3)
TOGETHER(File_read_ordered, 5)
TOGETHER(File_read_ordered_begin, 4)
TOGETHER(File_read_ordered_end, 3)
TOGETHER(File_write_all, 5)
TOGETHER(File_write_all_begin, 4)
TOGETHER(File_write_all_end, 3)
TOGETHER(File_write_at_all, 6)
TOGETHER(File_write_at_all_begin, 5)
TOGETHER(File_write_at_all_end, 3)
TOGETHER(File_write_ordered, 5)
TOGETHER(File_write_ordered_begin, 4)
TOGETHER(File_write_ordered_end, 3)
TOGETHER(File_preallocate, 2)
TOGETHER(File_seek_shared, 3)
TOGETHER(File_set_atomicity, 2)
TOGETHER(File_set_info, 2)
TOGETHER(File_set_size, 2)
TOGETHER(File_set_view, 6)
TOGETHER(File_sync, 1)
UNORDERED(File_read_shared, 5)
UNORDERED(File_write_shared, 5)
UNORDERED(File_iread_shared, 5)
UNORDERED(File_iwrite_shared, 5)
UNORDERED(File_get_position_shared, 2)
// clang-format on
