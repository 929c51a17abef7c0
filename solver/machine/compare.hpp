// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file compare.hpp
/// What the nodes of a machine have in common: one rank leads each node, and the leaders compare by reductions of a few
/// numbers a fact; rank 0 receives one text a distinct value, whatever the count of nodes.
#include <mpi.h>

#include <string>
#include <vector>

#include "machine/node.hpp"

namespace haloscope {

/// Facts of all nodes as one, on rank 0 of @p leaders; on the others the keys alone count. Values that differ are
/// listed with their counts of nodes, the most frequent first, eight at most and then the count of others. Collective;
/// all give the same keys.
[[nodiscard]] Facts compared_facts(MPI_Comm leaders, const Facts& facts);

/// Each kind of warning once, in the words of the lowest rank that has it and with the count of nodes, on rank 0 of
/// @p leaders. @p lines: one of each kind, empty where this node has nothing to say. Collective.
[[nodiscard]] std::vector<std::string> compared_warnings(MPI_Comm leaders, const std::vector<std::string>& lines);

}  // namespace haloscope
