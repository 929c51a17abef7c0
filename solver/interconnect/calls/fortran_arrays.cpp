// SPDX-License-Identifier: BSD-3-Clause
// Fortran's calls that no table holds: arrays of handles, text, the start and the end.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "interconnect/account/honesty.hpp"
#include "interconnect/calls/crossing.hpp"
#include "interconnect/calls/fortran.hpp"

#ifdef OPEN_MPI

using namespace haloscope::interconnect;

namespace {

void put(MPI_Fint* error, int code) {
  if (error != nullptr) *error = code;
}

/// Requests of one call; what became of them is written back at the end.
class Requests {
 public:
  Requests(MPI_Fint n, MPI_Fint* place) : place_(place), handles_(static_cast<std::size_t>(n > 0 ? n : 0)) {
    for (std::size_t i = 0; i < handles_.size(); ++i) handles_[i] = PMPI_Request_f2c(place_[i]);
  }
  ~Requests() {
    for (std::size_t i = 0; i < handles_.size(); ++i) place_[i] = PMPI_Request_c2f(handles_[i]);
  }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;
  [[nodiscard]] MPI_Request* data() noexcept { return handles_.data(); }

 private:
  MPI_Fint* place_;
  std::vector<MPI_Request> handles_;
};

class Statuses {
 public:
  Statuses(MPI_Fint n, MPI_Fint* place) : place_(place) {
    if (place == fortran_constants().statuses_ignore || place == MPI_F_STATUSES_IGNORE) return;
    all_.resize(static_cast<std::size_t>(n > 0 ? n : 0));
    for (std::size_t i = 0; i < all_.size(); ++i) PMPI_Status_f2c(at(i), &all_[i]);
  }
  ~Statuses() {
    for (std::size_t i = 0; i < all_.size(); ++i) PMPI_Status_c2f(&all_[i], at(i));
  }
  Statuses(const Statuses&) = delete;
  Statuses& operator=(const Statuses&) = delete;
  [[nodiscard]] MPI_Status* data() noexcept { return all_.empty() ? MPI_STATUSES_IGNORE : all_.data(); }

 private:
  [[nodiscard]] MPI_Fint* at(std::size_t i) const noexcept { return place_ + i * (sizeof(MPI_Status) / sizeof(int)); }
  MPI_Fint* place_;
  std::vector<MPI_Status> all_;
};

/// Types of an Alltoallw, one for each neighbour or rank.
std::vector<MPI_Datatype> types(const MPI_Fint* place, int n) {
  std::vector<MPI_Datatype> all;
  for (int i = 0; i < n; ++i) all.push_back(PMPI_Type_f2c(place[i]));
  return all;
}

int ranks_of(MPI_Comm comm) {
  int size = 0, inter = 0;
  PMPI_Comm_test_inter(comm, &inter);
  if (inter != 0)
    PMPI_Comm_remote_size(comm, &size);
  else
    PMPI_Comm_size(comm, &size);
  return size;
}

/// How many neighbours this rank receives from and sends to.
std::pair<int, int> neighbors_of(MPI_Comm comm) {
  int topology = MPI_UNDEFINED, in = 0, out = 0, rank = 0, weighted = 0;
  PMPI_Topo_test(comm, &topology);
  PMPI_Comm_rank(comm, &rank);
  if (topology == MPI_DIST_GRAPH) {
    PMPI_Dist_graph_neighbors_count(comm, &in, &out, &weighted);
  } else if (topology == MPI_GRAPH) {
    PMPI_Graph_neighbors_count(comm, rank, &in);
    out = in;
  } else if (topology == MPI_CART) {
    PMPI_Cartdim_get(comm, &in);
    in *= 2;
    out = in;
  }
  return {in, out};
}

/// Text ends at its last character that is no blank.
std::string text(const char* characters, int length) {
  std::string trimmed(characters, static_cast<std::size_t>(length));
  trimmed.erase(trimmed.find_last_not_of(' ') + 1);
  return trimmed;
}

/// Indices count from 1 in Fortran; MPI_UNDEFINED stays.
void count_from_one(MPI_Fint* index) {
  if (*index != MPI_UNDEFINED) ++*index;
}

/// Open MPI's own Fortran call. Arguments beyond those it has do no harm in the calling conventions that Open MPI
/// supports, and so the length of a text may follow them.
template <class... Arguments>
void pass_below(const char* name, Arguments... arguments) {
  void* call = dlsym(RTLD_DEFAULT, name);
  if (call == nullptr) {  // its library was loaded for one user only
    if (void* const library = dlopen("libmpi_mpifh.so.40", RTLD_LAZY | RTLD_NOLOAD)) call = dlsym(library, name);
  }
  if (call == nullptr) {
    std::fprintf(stderr, "haloscope interconnect: %s: not in Open MPI's Fortran library\n", name);
    PMPI_Abort(MPI_COMM_WORLD, 3);
    std::_Exit(3);
  }
  reinterpret_cast<void (*)(Arguments...)>(call)(arguments...);
}

}  // namespace

// --- start and end
// -----------------------------------------------------------------------------------------------------

HALOSCOPE_FORTRAN(init, (MPI_Fint * error)) { put(error, MPI_Init(nullptr, nullptr)); }

HALOSCOPE_FORTRAN(init_thread, (MPI_Fint * required, MPI_Fint* provided, MPI_Fint* error)) {
  put(error, MPI_Init_thread(nullptr, nullptr, *required, provided));
}

HALOSCOPE_FORTRAN(finalize, (MPI_Fint * error)) { put(error, MPI_Finalize()); }

/// Fortran's has no further arguments.
HALOSCOPE_FORTRAN(pcontrol, (MPI_Fint * level)) {
  if (*level == 0 || *level == 1) MPI_Pcontrol(*level);
}

HALOSCOPE_FORTRAN(get_library_version, (char* version, MPI_Fint* used, MPI_Fint* error, int length)) {
  char all[MPI_MAX_LIBRARY_VERSION_STRING];
  int whole = 0;
  put(error, MPI_Get_library_version(all, &whole));
  *used = std::min(whole, length);
  std::memset(version, ' ', static_cast<std::size_t>(length));
  std::memcpy(version, all, static_cast<std::size_t>(*used));
}

#define TIME(name, fortran_name)                                                      \
  extern "C" __attribute__((visibility("default"))) double mpi_##fortran_name##_();   \
  extern "C" __attribute__((visibility("default"))) double ompi_##fortran_name##_f(); \
  double mpi_##fortran_name##_() { return MPI_##name(); }                             \
  double ompi_##fortran_name##_f() { return MPI_##name(); }
TIME(Wtime, wtime)
TIME(Wtick, wtick)

// --- requests
// ----------------------------------------------------------------------------------------------------------

HALOSCOPE_FORTRAN(startall, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* error)) {
  put(error, MPI_Startall(*n, Requests(*n, requests).data()));
}

HALOSCOPE_FORTRAN(waitall, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* statuses, MPI_Fint* error)) {
  Statuses to(*n, statuses);
  put(error, MPI_Waitall(*n, Requests(*n, requests).data(), to.data()));
}

HALOSCOPE_FORTRAN(waitany, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* index, MPI_Fint* status, MPI_Fint* error)) {
  FromFortran<MPI_Status*> to(status);
  put(error, MPI_Waitany(*n, Requests(*n, requests).data(), index, to.value));
  to.write_back(MPI_SUCCESS);
  count_from_one(index);
}

HALOSCOPE_FORTRAN(waitsome, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* n_done, MPI_Fint* done, MPI_Fint* statuses,
                             MPI_Fint* error)) {
  Statuses to(*n, statuses);
  put(error, MPI_Waitsome(*n, Requests(*n, requests).data(), n_done, done, to.data()));
  for (int i = 0; i < *n_done; ++i) count_from_one(done + i);
}

HALOSCOPE_FORTRAN(testall, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* flag, MPI_Fint* statuses, MPI_Fint* error)) {
  Statuses to(*n, statuses);
  put(error, MPI_Testall(*n, Requests(*n, requests).data(), flag, to.data()));
}
HALOSCOPE_FORTRAN_PMPI(testall, (MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*))

HALOSCOPE_FORTRAN(testany, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* index, MPI_Fint* flag, MPI_Fint* status,
                            MPI_Fint* error)) {
  FromFortran<MPI_Status*> to(status);
  put(error, MPI_Testany(*n, Requests(*n, requests).data(), index, flag, to.value));
  to.write_back(MPI_SUCCESS);
  if (*flag != 0) count_from_one(index);
}
HALOSCOPE_FORTRAN_PMPI(testany, (MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*))

HALOSCOPE_FORTRAN(testsome, (MPI_Fint * n, MPI_Fint* requests, MPI_Fint* n_done, MPI_Fint* done, MPI_Fint* statuses,
                             MPI_Fint* error)) {
  Statuses to(*n, statuses);
  put(error, MPI_Testsome(*n, Requests(*n, requests).data(), n_done, done, to.data()));
  for (int i = 0; i < *n_done; ++i) count_from_one(done + i);
}
HALOSCOPE_FORTRAN_PMPI(testsome, (MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*, MPI_Fint*))

// --- a type for each rank
// ----------------------------------------------------------------------------------------------

HALOSCOPE_FORTRAN(alltoallw, (void* s, MPI_Fint* ns, MPI_Fint* ds, MPI_Fint* ts, void* r, MPI_Fint* nr, MPI_Fint* dr,
                              MPI_Fint* tr, MPI_Fint* comm, MPI_Fint* error)) {
  const MPI_Comm all = PMPI_Comm_f2c(*comm);
  const void* const sent = buffer_from_fortran(s);
  const int n = ranks_of(all);
  put(error, MPI_Alltoallw(sent, ns, ds, sent == MPI_IN_PLACE ? nullptr : types(ts, n).data(), buffer_from_fortran(r),
                           nr, dr, types(tr, n).data(), all));
}

HALOSCOPE_FORTRAN(neighbor_alltoallw, (void* s, MPI_Fint* ns, MPI_Aint* ds, MPI_Fint* ts, void* r, MPI_Fint* nr,
                                       MPI_Aint* dr, MPI_Fint* tr, MPI_Fint* comm, MPI_Fint* error)) {
  const MPI_Comm all = PMPI_Comm_f2c(*comm);
  const auto [sources, targets] = neighbors_of(all);
  put(error, MPI_Neighbor_alltoallw(buffer_from_fortran(s), ns, ds, types(ts, targets).data(), buffer_from_fortran(r),
                                    nr, dr, types(tr, sources).data(), all));
}

// --- files: text
// -------------------------------------------------------------------------------------------------------

HALOSCOPE_FORTRAN(file_open, (MPI_Fint * comm, const char* name, MPI_Fint* mode, MPI_Fint* info, MPI_Fint* file,
                              MPI_Fint* error, int length)) {
  MPI_File opened = MPI_FILE_NULL;
  const int code =
      MPI_File_open(PMPI_Comm_f2c(*comm), text(name, length).c_str(), *mode, PMPI_Info_f2c(*info), &opened);
  if (code == MPI_SUCCESS) *file = PMPI_File_c2f(opened);
  put(error, code);
}

HALOSCOPE_FORTRAN(file_delete, (const char* name, MPI_Fint* info, MPI_Fint* error, int length)) {
  put(error, MPI_File_delete(text(name, length).c_str(), PMPI_Info_f2c(*info)));
}

HALOSCOPE_FORTRAN(file_set_view, (MPI_Fint * file, MPI_Offset* from, MPI_Fint* unit, MPI_Fint* type,
                                  const char* representation, MPI_Fint* info, MPI_Fint* error, int length)) {
  put(error, MPI_File_set_view(PMPI_File_f2c(*file), *from, PMPI_Type_f2c(*unit), PMPI_Type_f2c(*type),
                               text(representation, length).c_str(), PMPI_Info_f2c(*info)));
}

// --- refused in modelled time, else Open MPI's own
// ---------------------------------------------------------------------

#define REFUSE(name, fortran_name, why)                                                                             \
  HALOSCOPE_FORTRAN(fortran_name, (void* a, void* b, void* c, void* d, void* e, void* f, void* g, void* h, void* i, \
                                   void* j, void* k, void* l, void* m)) {                                           \
    if (modelled()) refuse("MPI_" #name, why);                                                                      \
    pass_below("pmpi_" #fortran_name "_", a, b, c, d, e, f, g, h, i, j, k, l, m);                                   \
  }

// clang-format off
REFUSE(Ialltoallw,            ialltoallw,            "not modelled from Fortran; MPI_Alltoallw is")
REFUSE(Ineighbor_alltoallw,   ineighbor_alltoallw,   "not modelled from Fortran; MPI_Neighbor_alltoallw is")
REFUSE(Comm_spawn,            comm_spawn,            "processes that start or join later are not modelled")
REFUSE(Comm_spawn_multiple,   comm_spawn_multiple,   "processes that start or join later are not modelled")
REFUSE(Comm_accept,           comm_accept,           "processes that start or join later are not modelled")
REFUSE(Comm_connect,          comm_connect,          "processes that start or join later are not modelled")
REFUSE(Win_allocate,          win_allocate_cptr,     "one-sided communication is not modelled")
REFUSE(Win_allocate_shared,   win_allocate_shared_cptr, "one-sided communication is not modelled")
#if HALOSCOPE_MPI_4
REFUSE(Alltoallw_init,          alltoallw_init,          "not modelled from Fortran; MPI_Alltoallw is")
REFUSE(Neighbor_alltoallw_init, neighbor_alltoallw_init, "not modelled from Fortran; MPI_Neighbor_alltoallw is")
#endif
// clang-format on

#endif
