// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/communicators.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "interconnect/account/honesty.hpp"

namespace haloscope::interconnect {

namespace {

int keyval = MPI_KEYVAL_INVALID;
MPI_Comm last_comm = MPI_COMM_NULL;  // most calls are on the communicator of the call before
CommunicatorInfo* last_info = nullptr;

int forget(MPI_Comm comm, int, void* value, void*) {
  if (comm == last_comm || value == last_info) {
    last_comm = MPI_COMM_NULL;
    last_info = nullptr;
  }
  const std::shared_ptr<CommunicatorInfo> last = std::move(static_cast<CommunicatorInfo*>(value)->self);
  return MPI_SUCCESS;
}

/// World ranks of the members; of the remote group of an intercommunicator.
std::vector<int> members_of(MPI_Comm comm, bool inter) {
  MPI_Group group = MPI_GROUP_NULL, world = MPI_GROUP_NULL;
  if (inter)
    PMPI_Comm_remote_group(comm, &group);
  else
    PMPI_Comm_group(comm, &group);
  PMPI_Comm_group(MPI_COMM_WORLD, &world);
  int n = 0;
  PMPI_Group_size(group, &n);
  std::vector<int> own(static_cast<std::size_t>(n)), translated(static_cast<std::size_t>(n));
  std::iota(own.begin(), own.end(), 0);
  PMPI_Group_translate_ranks(group, n, own.data(), world, translated.data());
  PMPI_Group_free(&group);
  PMPI_Group_free(&world);
  return translated;
}

CommunicatorInfo& attach(MPI_Comm comm, std::uint64_t context) {
  const auto info = std::make_shared<CommunicatorInfo>();
  int inter = 0;
  PMPI_Comm_test_inter(comm, &inter);
  info->inter = inter != 0;
  info->context = context;
  PMPI_Comm_rank(comm, &info->rank);
  info->world = members_of(comm, info->inter);
  if (std::ranges::find(info->world, MPI_UNDEFINED) != info->world.end())
    refuse("a communicator with processes outside MPI_COMM_WORLD", "dynamic processes are not modelled");
  info->self = info;
  PMPI_Comm_set_attr(comm, keyval, info.get());
  return *info;
}

std::uint64_t hash_of(const std::vector<int>& members) noexcept {
  std::uint64_t hash = members.size();
  for (const int member : members) hash = mix(hash ^ static_cast<std::uint64_t>(member + 1));
  return hash;
}

}  // namespace

std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

void learn_world_communicators() {
  PMPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, forget, &keyval, nullptr);
  attach(MPI_COMM_WORLD, 1);
  attach(MPI_COMM_SELF, 2);
}

CommunicatorInfo& info_of(MPI_Comm comm) {
  if (comm == last_comm) return *last_info;
  void* value = nullptr;
  int found = 0;
  PMPI_Comm_get_attr(comm, keyval, &value, &found);
  last_info = found != 0 ? static_cast<CommunicatorInfo*>(value) : &attach(comm, mix(hash_of(members_of(comm, false))));
  last_comm = comm;
  return *last_info;
}

void learn_communicator(MPI_Comm parent, MPI_Comm made, std::uint64_t how) {
  CommunicatorInfo& from = info_of(parent);
  const std::uint64_t number = ++from.children;
  if (made != MPI_COMM_NULL) attach(made, mix(from.context ^ mix(number ^ mix(how + 1))));
}

std::uint64_t group_of(MPI_Comm made) { return made == MPI_COMM_NULL ? 0 : hash_of(members_of(made, false)); }

void learn_group_communicator(MPI_Comm parent, MPI_Comm made, int tag) {
  if (made == MPI_COMM_NULL) return;
  CommunicatorInfo& from = info_of(parent);
  const std::uint64_t group = mix(hash_of(members_of(made, false)) ^ static_cast<std::uint64_t>(tag));
  const std::uint64_t number = ++from.groups[group];
  attach(made, mix(from.context ^ mix(number ^ ~group)));
}

}  // namespace haloscope::interconnect
