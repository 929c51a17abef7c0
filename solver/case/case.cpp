// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/case.hpp"

#include <algorithm>

#include "haloscope/case/problem.hpp"

namespace haloscope {

Case parse_case(const std::string& text, const std::string& file, const std::vector<std::string>& overrides) {
  Case settings;
  Origin origin{file, {}, {}};
  case_schema().parse(text, overrides, settings, origin);
  check_case(settings, origin);
  settings.file = file;
  settings.text = text;
  settings.effective = case_schema().json(settings);
  return settings;
}

std::string case_reference() { return case_schema().reference(); }

std::vector<std::string> expectable_quantities() {
  std::vector<std::string> names;
  for (const Problem* const problem : problems())
    for (const Quantity& quantity : problem->quantities)
      if (std::ranges::find(names, quantity.name) == names.end()) names.push_back(quantity.name);
  for (const Problem* const problem : problems())
    for (const NamedQuantity& quantity : problem->named_quantities)
      names.push_back(quantity.prefix + quantity.placeholder);
  return names;
}

}  // namespace haloscope
