// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file study_keys.hpp
/// Inside the study room: the one table of keys, which drives parsing, the search for unknown keys and the test that
/// holds cases/studies/README.md to it.
#include <functional>
#include <string>
#include <vector>

#include "haloscope/settings/toml_library.hpp"
#include "haloscope/study/study.hpp"

namespace haloscope {

/// Which [[variable]] is read, and which of its values.
struct StudyPlace {
  std::size_t variable = 0, value = 0;
};

struct StudyKey {
  std::string path;           ///< about.name, variable.name, variable.values.label
  std::string allowed;        ///< continues "must be …"
  std::string default_value;  ///< as TOML; "required", or empty for none
  std::function<bool(const toml::node&, Study&, StudyPlace)> read;  ///< false: not allowed, nothing is changed
};
[[nodiscard]] const std::vector<StudyKey>& study_key_table();

}  // namespace haloscope
