// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file reference.hpp
/// The keys of every kind of file that users write, as pages of documentation. No MPI.
#include <string>
#include <vector>

namespace haloscope {

/// What there is a reference of: case, profile, study, site, compute.
[[nodiscard]] const std::vector<std::string>& kinds_of_files();

/// The page of one of them, as markdown.
[[nodiscard]] std::string reference_page(const std::string& kind);

}  // namespace haloscope
