// SPDX-License-Identifier: BSD-3-Clause
#include "command/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/case.hpp"
#include "haloscope/launch/command.hpp"
#include "haloscope/network/profile.hpp"
#include "haloscope/study/study.hpp"
#include "haloscope/timing/compute_model.hpp"

namespace haloscope {

namespace {

struct Page {
  const char* kind;
  const char* title;
  const char* file;       ///< of the sources, that holds this page
  std::string (*keys)();  ///< a heading and a table for each table of the file
};

constexpr Page pages[] = {
    {"case", "Keys of a case", "cases/KEYS.md", case_reference},
    {"profile", "Keys of a network profile", "cases/networks/KEYS.md", profile_reference},
    {"study", "Keys of a study", "cases/studies/KEYS.md", study_reference},
    {"site", "Keys of a site", "jobs/sites/KEYS.md", site_reference},
    {"compute", "Keys of a model of computing", "cases/compute/KEYS.md", compute_reference},
};

}  // namespace

const std::vector<std::string>& kinds_of_files() {
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> all;
    for (const Page& page : pages) all.emplace_back(page.kind);
    return all;
  }();
  return kinds;
}

std::string reference_page(const std::string& kind) {
  const auto page = std::ranges::find(pages, kind, &Page::kind);
  require(page != std::end(pages), "a page is asked for by a name from kinds_of_files()");
  return fmt::format(
      "# {}\n\nPrinted by the program: `haloscope keys {} > {}`. A key that is not here is an error that names the "
      "nearest one.\n{}",
      page->title, kind, page->file, page->keys());
}

}  // namespace haloscope
