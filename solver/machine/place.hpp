// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file place.hpp
/// Between machine.cpp and hwloc: the topology of this node and where in it this process runs.
#include <mpi.h>

#include <memory>
#include <string>
#include <vector>

#include "haloscope/machine/machine.hpp"

namespace haloscope {

class Topology {
 public:
  /// Rank 0 of @p node looks, the others read what it saw: looking takes a large node some tenths of a second for each
  /// process that does. Collective over @p node. @throws LibraryError
  explicit Topology(MPI_Comm node);
  Topology(Topology&&) noexcept;
  ~Topology();

  [[nodiscard]] const std::string& xml() const noexcept { return xml_; }  ///< with its terminating zero cut off
  [[nodiscard]] Facts facts() const;      ///< cpu_model, packages, numa_nodes, cores, allowed_cores, hardware_threads
  [[nodiscard]] RankPlace place() const;  ///< of this process, without the host
  [[nodiscard]] int cores() const;        ///< allowed or not
  /// Numbers of cores, 0 … cores-1: those this process may use.
  [[nodiscard]] std::vector<int> bound_cores() const;
  [[nodiscard]] std::vector<int> allowed_cores() const;

 private:
  struct Hwloc;
  std::unique_ptr<Hwloc> hwloc_;
  std::string xml_;
};

}  // namespace haloscope
