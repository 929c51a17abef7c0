// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file build_info.hpp
/// Which code this is, fixed when it was built.
#include <string_view>

namespace haloscope::build_info {

extern const std::string_view version;     ///< of the project, for instance 0.1.0
extern const std::string_view git_commit;  ///< abbreviated, with -dirty for uncommitted changes; "unknown" outside git
extern const std::string_view compiler;    ///< name and version
extern const std::string_view compiler_flags;  ///< those that change the numbers

}  // namespace haloscope::build_info
