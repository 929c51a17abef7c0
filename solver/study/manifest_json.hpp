// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file manifest_json.hpp
/// Inside the manifest room: manifest.json as text (schema haloscope-study, version 1).
#include <string>
#include <vector>

#include "haloscope/study/manifest.hpp"

namespace haloscope {

/// What a manifest says beside the study; of its runs only what may change, by id.
struct ManifestText {
  std::string study, hash, launcher, created_utc;
  std::vector<ManifestRun> runs;
};

[[nodiscard]] std::string write_manifest_json(const Study& study, const ManifestText& head,
                                              const std::vector<ManifestRun>& runs);

/// @throws UserError when @p text is no manifest, or of another version
[[nodiscard]] ManifestText read_manifest_json(const std::string& text, const std::string& path);

/// Gives @p runs the states that they had.
void apply_manifest(const ManifestText& was, std::vector<ManifestRun>& runs);

}  // namespace haloscope
