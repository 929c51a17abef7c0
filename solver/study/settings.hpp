// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file study_settings.hpp
/// Inside the study room: a `table.key=value` for those who do not read TOML.
#include <string>
#include <utility>

namespace haloscope {

/// Path, and the value as JSON text. @throws UserError
[[nodiscard]] std::pair<std::string, std::string> setting_as_json(const std::string& text);

}  // namespace haloscope
