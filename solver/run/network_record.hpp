// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file network_record.hpp
/// What a run file says of the network, whoever writes it.
#include <string>
#include <vector>

#include "haloscope/border/asked_network.hpp"
#include "haloscope/record/record.hpp"

namespace haloscope {

/// Known from the start; the rest when the run ends. @p header holds `ranks`.
void describe_network(const Network& network, RecordHeader& header);
void describe_network_at_end(const Network& network, RecordEnd& end);

/// Takes out the warnings that do not hold where ranks take turns on purpose: a virtual clock counts their own time.
void keep_what_spoils(const Network& network, std::vector<std::string>& warnings);

}  // namespace haloscope
