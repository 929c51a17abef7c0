// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file description.hpp
/// What the library says of itself: in MPI_Get_library_version, and line by line to MPI_Pcontrol (README.md).
#include <string>

#include "interconnect/engine/settings.hpp"

namespace haloscope::interconnect {

/// ` +interconnect mode=…`, to be appended.
[[nodiscard]] std::string signature();

/// What computing takes: native, cpu (of the thread) or announced.
[[nodiscard]] const char* compute_mode(const Settings& settings) noexcept;

/// Lines `key = value`; empty in record mode.
[[nodiscard]] std::string description();

}  // namespace haloscope::interconnect
