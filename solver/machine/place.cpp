// SPDX-License-Identifier: BSD-3-Clause
#include "machine/place.hpp"

#include <fmt/format.h>
#include <hwloc.h>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "machine/node.hpp"

namespace haloscope {

namespace {

struct TopologyTraits {
  using type = hwloc_topology_t;
  static type null() noexcept { return nullptr; }
  static void release(type& topology) noexcept { hwloc_topology_destroy(topology); }
};

struct BitmapTraits {
  using type = hwloc_bitmap_t;
  static type null() noexcept { return nullptr; }
  static void release(type& bitmap) noexcept { hwloc_bitmap_free(bitmap); }
};
using Bitmap = Handle<BitmapTraits>;

void check_hwloc(int code, const char* what, std::source_location where = std::source_location::current()) {
  if (code != 0) throw LibraryError(fmt::format("hwloc: {} failed", what), where);
}

Handle<TopologyTraits> new_topology(unsigned long flags) {
  hwloc_topology_t raw = nullptr;
  check_hwloc(hwloc_topology_init(&raw), "hwloc_topology_init");
  Handle<TopologyTraits> topology(raw);
  check_hwloc(hwloc_topology_set_flags(raw, flags), "hwloc_topology_set_flags");
  return topology;
}

Handle<TopologyTraits> look() {
  auto topology = new_topology(HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  // Network and accelerator devices belong in the record; the runtimes of accelerators are slow to start and not
  // needed.
  hwloc_topology_set_io_types_filter(topology.get(), HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  for (const char* slow : {"opencl", "cuda", "nvml", "rsmi", "levelzero", "gl"}) {
    hwloc_topology_set_components(topology.get(), HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, slow);
  }
  check_hwloc(hwloc_topology_load(topology.get()), "hwloc_topology_load");
  return topology;
}

std::string export_xml(hwloc_topology_t topology) {
  char* text = nullptr;
  int length = 0;  // counts the terminating zero
  check_hwloc(hwloc_topology_export_xmlbuffer(topology, &text, &length, 0), "hwloc_topology_export_xmlbuffer");
  std::string xml(text);
  hwloc_free_xmlbuffer(topology, text);
  return xml;
}

Handle<TopologyTraits> read_xml(const std::string& xml) {
  auto topology = new_topology(HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED | HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM);
  check_hwloc(hwloc_topology_set_xmlbuffer(topology.get(), xml.c_str(), static_cast<int>(xml.size()) + 1),
              "hwloc_topology_set_xmlbuffer");
  check_hwloc(hwloc_topology_load(topology.get()), "hwloc_topology_load");
  return topology;
}

/// What this process may use; everything allowed where the system does not tell.
Bitmap binding(hwloc_topology_t topology) {
  Bitmap bound(hwloc_bitmap_alloc());
  if (!bound) throw LibraryError("hwloc: no memory");
  const hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
  // Of this thread, which computes; MPI's own threads may be elsewhere.
  if (hwloc_get_cpubind(topology, bound.get(), HWLOC_CPUBIND_THREAD) != 0) hwloc_bitmap_copy(bound.get(), allowed);
  hwloc_bitmap_and(bound.get(), bound.get(), allowed);
  return bound;
}

/// Numbers of the cores that @p set touches; of hardware threads where the system shows no cores.
std::vector<int> cores_in(hwloc_topology_t topology, hwloc_const_cpuset_t set) {
  std::vector<int> cores;
  const int depth = hwloc_get_type_or_below_depth(topology, HWLOC_OBJ_CORE);
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_depth(topology, depth, core)) != nullptr;) {
    if (hwloc_bitmap_intersects(core->cpuset, set) != 0) cores.push_back(static_cast<int>(core->logical_index));
  }
  return cores;
}

/// The operating system's number of the one object of @p type that holds @p set, -1 where it takes several.
int only_one(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_const_cpuset_t set) {
  for (hwloc_obj_t one = nullptr; (one = hwloc_get_next_obj_by_type(topology, type, one)) != nullptr;) {
    if (hwloc_bitmap_isincluded(set, one->cpuset) != 0) return static_cast<int>(one->os_index);
  }
  return -1;
}

}  // namespace

struct Topology::Hwloc {
  Handle<TopologyTraits> handle;
};

Topology::Topology(MPI_Comm node) : hwloc_(std::make_unique<Hwloc>()) {
  const bool looks = rank_in(node) == 0;
  if (looks) {
    hwloc_->handle = look();
    xml_ = export_xml(hwloc_->handle.get());
  }
  xml_ = broadcast(node, std::move(xml_));
  if (!looks) hwloc_->handle = read_xml(xml_);
}

Topology::Topology(Topology&&) noexcept = default;
Topology::~Topology() = default;

Facts Topology::facts() const {
  const hwloc_topology_t topology = hwloc_->handle.get();
  const auto count = [&](hwloc_obj_type_t type) {
    const int n = hwloc_get_nbobjs_by_type(topology, type);
    return n > 0 ? std::to_string(n) : std::string(unknown);
  };
  Facts facts = {{"packages", count(HWLOC_OBJ_PACKAGE)},
                 {"numa_nodes", count(HWLOC_OBJ_NUMANODE)},
                 {"cores", count(HWLOC_OBJ_CORE)},
                 {"hardware_threads", count(HWLOC_OBJ_PU)},
                 {"allowed_cores", std::to_string(allowed_cores().size())}};
  const hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
  const char* const model = package != nullptr ? hwloc_obj_get_info_by_name(package, "CPUModel") : nullptr;
  facts["cpu_model"] = model != nullptr ? model : unknown;
  return facts;
}

RankPlace Topology::place() const {
  const hwloc_topology_t topology = hwloc_->handle.get();
  const Bitmap bound = binding(topology);
  RankPlace place;
  for (int thread = -1; (thread = hwloc_bitmap_next(bound.get(), thread)) != -1;) place.logical_cores.push_back(thread);
  place.bound = hwloc_bitmap_isequal(bound.get(), hwloc_topology_get_allowed_cpuset(topology)) == 0 ||
                cores_in(topology, bound.get()).size() == 1;
  place.numa_node = only_one(topology, HWLOC_OBJ_NUMANODE, bound.get());
  place.package = only_one(topology, HWLOC_OBJ_PACKAGE, bound.get());
  return place;
}

int Topology::cores() const {
  const hwloc_topology_t topology = hwloc_->handle.get();
  return static_cast<int>(hwloc_get_nbobjs_by_depth(topology, hwloc_get_type_or_below_depth(topology, HWLOC_OBJ_CORE)));
}

std::vector<int> Topology::bound_cores() const {
  return cores_in(hwloc_->handle.get(), binding(hwloc_->handle.get()).get());
}

std::vector<int> Topology::allowed_cores() const {
  return cores_in(hwloc_->handle.get(), hwloc_topology_get_allowed_cpuset(hwloc_->handle.get()));
}

std::string core_list(const std::vector<int>& cores) {
  std::string text;
  for (std::size_t first = 0, last; first < cores.size(); first = last + 1) {
    for (last = first; last + 1 < cores.size() && cores[last + 1] == cores[last] + 1;) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(cores[first]);
    if (last > first) text += '-' + std::to_string(cores[last]);
  }
  return text;
}

}  // namespace haloscope
