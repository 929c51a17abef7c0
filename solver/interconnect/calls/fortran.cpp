// SPDX-License-Identifier: BSD-3-Clause
// Fortran's calls (mpif.h and the modules mpi and mpi_f08) become C's, as this library defines them: Open MPI's own
// Fortran layer would call PMPI_* and pass below. Calls with arrays of handles or with text: fortran_arrays.cpp.
#include "interconnect/calls/fortran.hpp"

#include <dlfcn.h>

#include "interconnect/calls/crossing.hpp"

#ifdef OPEN_MPI

namespace haloscope::interconnect {

const FortranConstants& fortran_constants() noexcept {
  const auto find = [](const char* name) {
    static const char nowhere = 0;  // no argument stands there
    const void* const address = dlsym(RTLD_DEFAULT, name);
    return address != nullptr ? address : &nowhere;
  };
  static const FortranConstants constants{find("mpi_fortran_bottom_"),        find("mpi_fortran_in_place_"),
                                          find("mpi_fortran_status_ignore_"), find("mpi_fortran_statuses_ignore_"),
                                          find("mpi_fortran_unweighted_"),    find("mpi_fortran_weights_empty_")};
  return constants;
}

}  // namespace haloscope::interconnect

using namespace haloscope::interconnect;

#define PARAMETERS_1 void* a
#define PARAMETERS_2 PARAMETERS_1, void* b
#define PARAMETERS_3 PARAMETERS_2, void* c
#define PARAMETERS_4 PARAMETERS_3, void* d
#define PARAMETERS_5 PARAMETERS_4, void* f
#define PARAMETERS_6 PARAMETERS_5, void* g
#define PARAMETERS_7 PARAMETERS_6, void* h
#define PARAMETERS_8 PARAMETERS_7, void* i
#define PARAMETERS_9 PARAMETERS_8, void* j
#define PARAMETERS_10 PARAMETERS_9, void* k
#define PARAMETERS_11 PARAMETERS_10, void* l
#define PARAMETERS_12 PARAMETERS_11, void* m
#define ADDRESSES_1 a
#define ADDRESSES_2 ADDRESSES_1, b
#define ADDRESSES_3 ADDRESSES_2, c
#define ADDRESSES_4 ADDRESSES_3, d
#define ADDRESSES_5 ADDRESSES_4, f
#define ADDRESSES_6 ADDRESSES_5, g
#define ADDRESSES_7 ADDRESSES_6, h
#define ADDRESSES_8 ADDRESSES_7, i
#define ADDRESSES_9 ADDRESSES_8, j
#define ADDRESSES_10 ADDRESSES_9, k
#define ADDRESSES_11 ADDRESSES_10, l
#define ADDRESSES_12 ADDRESSES_11, m

#define CALL(n, fortran_name, name)                                     \
  HALOSCOPE_FORTRAN(fortran_name, (PARAMETERS_##n, MPI_Fint * error)) { \
    void* const addresses[] = {ADDRESSES_##n};                          \
    call_from_fortran(&MPI_##name, addresses, error);                   \
  }
/// The module mpi_f08 calls those with a LOGICAL by a third name.
#define LOGICAL(n, fortran_name, name) \
  CALL(n, fortran_name, name)          \
  HALOSCOPE_FORTRAN_PMPI(fortran_name, (PARAMETERS_##n, MPI_Fint * error))

// The count of arguments in C, the name in Fortran, the name in C.
// clang-format off
// Messages
CALL(6, send, Send)
CALL(6, bsend, Bsend)
CALL(6, ssend, Ssend)
CALL(6, rsend, Rsend)
CALL(7, isend, Isend)
CALL(7, ibsend, Ibsend)
CALL(7, issend, Issend)
CALL(7, irsend, Irsend)
CALL(7, recv, Recv)
CALL(7, irecv, Irecv)
CALL(5, mrecv, Mrecv)
CALL(5, imrecv, Imrecv)
CALL(4, probe, Probe)
LOGICAL(5, iprobe, Iprobe)
CALL(5, mprobe, Mprobe)
LOGICAL(6, improbe, Improbe)
CALL(12, sendrecv, Sendrecv)
CALL(9, sendrecv_replace, Sendrecv_replace)
CALL(7, send_init, Send_init)
CALL(7, bsend_init, Bsend_init)
CALL(7, ssend_init, Ssend_init)
CALL(7, rsend_init, Rsend_init)
CALL(7, recv_init, Recv_init)
CALL(1, start, Start)
CALL(2, wait, Wait)
LOGICAL(3, test, Test)
LOGICAL(3, request_get_status, Request_get_status)
CALL(1, request_free, Request_free)
CALL(1, cancel, Cancel)
#if HALOSCOPE_MPI_4
CALL(12, isendrecv, Isendrecv)
CALL(9, isendrecv_replace, Isendrecv_replace)
CALL(9, psend_init, Psend_init)
CALL(9, precv_init, Precv_init)
CALL(3, session_init, Session_init)
#endif

/// Fortran's form does not say where the buffer was.
HALOSCOPE_FORTRAN(buffer_detach, (void*, MPI_Fint * size, MPI_Fint * error)) {
  void* nowhere = nullptr;
  int bytes = 0;
  const int code = MPI_Buffer_detach(&nowhere, &bytes);
  *size = bytes;
  if (error != nullptr) *error = code;
}

// Collectives
CALL(7, allgather, Allgather)
CALL(8, allgatherv, Allgatherv)
CALL(6, allreduce, Allreduce)
CALL(7, alltoall, Alltoall)
CALL(9, alltoallv, Alltoallv)
CALL(1, barrier, Barrier)
CALL(5, bcast, Bcast)
CALL(6, exscan, Exscan)
CALL(8, gather, Gather)
CALL(9, gatherv, Gatherv)
CALL(8, iallgather, Iallgather)
CALL(9, iallgatherv, Iallgatherv)
CALL(7, iallreduce, Iallreduce)
CALL(8, ialltoall, Ialltoall)
CALL(10, ialltoallv, Ialltoallv)
CALL(2, ibarrier, Ibarrier)
CALL(6, ibcast, Ibcast)
CALL(7, iexscan, Iexscan)
CALL(9, igather, Igather)
CALL(10, igatherv, Igatherv)
CALL(8, ineighbor_allgather, Ineighbor_allgather)
CALL(9, ineighbor_allgatherv, Ineighbor_allgatherv)
CALL(8, ineighbor_alltoall, Ineighbor_alltoall)
CALL(10, ineighbor_alltoallv, Ineighbor_alltoallv)
CALL(8, ireduce, Ireduce)
CALL(7, ireduce_scatter, Ireduce_scatter)
CALL(7, ireduce_scatter_block, Ireduce_scatter_block)
CALL(7, iscan, Iscan)
CALL(9, iscatter, Iscatter)
CALL(10, iscatterv, Iscatterv)
CALL(7, neighbor_allgather, Neighbor_allgather)
CALL(8, neighbor_allgatherv, Neighbor_allgatherv)
CALL(7, neighbor_alltoall, Neighbor_alltoall)
CALL(9, neighbor_alltoallv, Neighbor_alltoallv)
CALL(7, reduce, Reduce)
CALL(6, reduce_scatter, Reduce_scatter)
CALL(6, reduce_scatter_block, Reduce_scatter_block)
CALL(6, scan, Scan)
CALL(8, scatter, Scatter)
CALL(9, scatterv, Scatterv)
#if HALOSCOPE_MPI_4
CALL(9, allgather_init, Allgather_init)
CALL(10, allgatherv_init, Allgatherv_init)
CALL(8, allreduce_init, Allreduce_init)
CALL(9, alltoall_init, Alltoall_init)
CALL(11, alltoallv_init, Alltoallv_init)
CALL(3, barrier_init, Barrier_init)
CALL(7, bcast_init, Bcast_init)
CALL(8, exscan_init, Exscan_init)
CALL(10, gather_init, Gather_init)
CALL(11, gatherv_init, Gatherv_init)
CALL(9, neighbor_allgather_init, Neighbor_allgather_init)
CALL(10, neighbor_allgatherv_init, Neighbor_allgatherv_init)
CALL(9, neighbor_alltoall_init, Neighbor_alltoall_init)
CALL(11, neighbor_alltoallv_init, Neighbor_alltoallv_init)
CALL(9, reduce_init, Reduce_init)
CALL(8, reduce_scatter_block_init, Reduce_scatter_block_init)
CALL(8, reduce_scatter_init, Reduce_scatter_init)
CALL(8, scan_init, Scan_init)
CALL(10, scatter_init, Scatter_init)
CALL(11, scatterv_init, Scatterv_init)
#endif

// Communicators, windows
LOGICAL(6, cart_create, Cart_create)
LOGICAL(3, cart_sub, Cart_sub)
CALL(3, comm_create, Comm_create)
CALL(4, comm_create_group, Comm_create_group)
CALL(1, comm_disconnect, Comm_disconnect)
CALL(2, comm_dup, Comm_dup)
CALL(3, comm_dup_with_info, Comm_dup_with_info)
CALL(1, comm_free, Comm_free)
CALL(3, comm_idup, Comm_idup)
CALL(2, comm_join, Comm_join)
CALL(4, comm_split, Comm_split)
CALL(5, comm_split_type, Comm_split_type)
LOGICAL(9, dist_graph_create, Dist_graph_create)
LOGICAL(10, dist_graph_create_adjacent, Dist_graph_create_adjacent)
LOGICAL(6, graph_create, Graph_create)
CALL(6, intercomm_create, Intercomm_create)
LOGICAL(3, intercomm_merge, Intercomm_merge)
CALL(6, win_allocate, Win_allocate)
CALL(6, win_allocate_shared, Win_allocate_shared)
CALL(6, win_create, Win_create)
CALL(3, win_create_dynamic, Win_create_dynamic)
#if HALOSCOPE_MPI_4
CALL(4, comm_idup_with_info, Comm_idup_with_info)
#endif

// Files
CALL(1, file_close, File_close)
CALL(2, file_get_position_shared, File_get_position_shared)
CALL(5, file_iread, File_iread)
CALL(5, file_iread_all, File_iread_all)
CALL(6, file_iread_at, File_iread_at)
CALL(6, file_iread_at_all, File_iread_at_all)
CALL(5, file_iread_shared, File_iread_shared)
CALL(5, file_iwrite, File_iwrite)
CALL(5, file_iwrite_all, File_iwrite_all)
CALL(6, file_iwrite_at, File_iwrite_at)
CALL(6, file_iwrite_at_all, File_iwrite_at_all)
CALL(5, file_iwrite_shared, File_iwrite_shared)
CALL(2, file_preallocate, File_preallocate)
CALL(5, file_read, File_read)
CALL(5, file_read_all, File_read_all)
CALL(4, file_read_all_begin, File_read_all_begin)
CALL(3, file_read_all_end, File_read_all_end)
CALL(6, file_read_at, File_read_at)
CALL(6, file_read_at_all, File_read_at_all)
CALL(5, file_read_at_all_begin, File_read_at_all_begin)
CALL(3, file_read_at_all_end, File_read_at_all_end)
CALL(5, file_read_ordered, File_read_ordered)
CALL(4, file_read_ordered_begin, File_read_ordered_begin)
CALL(3, file_read_ordered_end, File_read_ordered_end)
CALL(5, file_read_shared, File_read_shared)
CALL(3, file_seek_shared, File_seek_shared)
LOGICAL(2, file_set_atomicity, File_set_atomicity)
CALL(2, file_set_info, File_set_info)
CALL(2, file_set_size, File_set_size)
CALL(1, file_sync, File_sync)
CALL(5, file_write, File_write)
CALL(5, file_write_all, File_write_all)
CALL(4, file_write_all_begin, File_write_all_begin)
CALL(3, file_write_all_end, File_write_all_end)
CALL(6, file_write_at, File_write_at)
CALL(6, file_write_at_all, File_write_at_all)
CALL(5, file_write_at_all_begin, File_write_at_all_begin)
CALL(3, file_write_at_all_end, File_write_at_all_end)
CALL(5, file_write_ordered, File_write_ordered)
CALL(4, file_write_ordered_begin, File_write_ordered_begin)
CALL(3, file_write_ordered_end, File_write_ordered_end)
CALL(5, file_write_shared, File_write_shared)
// clang-format on

#endif
