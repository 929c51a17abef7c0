// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file outcome.hpp
/// What a study asks of the run files that its runs leave.
#include <string>

#include "haloscope/study/manifest.hpp"

namespace haloscope {

[[nodiscard]] RunOutcome read_outcome(const std::string& path);

}  // namespace haloscope
