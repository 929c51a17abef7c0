// SPDX-License-Identifier: BSD-3-Clause
// The template jobs/slurm/run.sh filled in for one run.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"
#include "launch/launcher.hpp"

namespace haloscope {

namespace {

using Words = std::map<std::string, std::vector<std::string>>;  ///< what stands for @WORD@: none, one or several

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

/// The known @WORD@ of a line that is not a plain comment; empty: none.
std::string word_in(const std::string& line, const Words& words) {
  if (line.starts_with("#") && !line.starts_with("#SBATCH ")) return "";
  for (const auto& [word, values] : words)
    if (line.find("@" + word + "@") != std::string::npos) return word;
  return "";
}

std::string fill_in(std::istream& text, const Words& words) {
  std::string filled;
  for (std::string line; std::getline(text, line);) {
    const std::string word = word_in(line, words);
    if (word.empty()) {
      filled += line + "\n";
      continue;
    }
    for (const std::string& value : words.at(word)) filled += replace_all(line, "@" + word + "@", value) + "\n";
  }
  return filled;
}

std::vector<std::string> if_any(const std::string& option, const std::string& value) {
  return value.empty() ? std::vector<std::string>{} : std::vector<std::string>{option + value};
}

/// The site's options, one a line.
std::vector<std::string> options_of(const Site& site) {
  std::vector<std::string> all;
  const auto add = [&all](std::vector<std::string> more) { all.insert(all.end(), more.begin(), more.end()); };
  add(if_any("--partition=", site.partition));
  add(if_any("--account=", site.account));
  add(if_any("--qos=", site.qos));
  add(if_any("--constraint=", site.constraint));
  add(if_any("--reservation=", site.reservation));
  if (site.exclusive) all.emplace_back("--exclusive");
  all.emplace_back(site.requeue ? "--requeue" : "--no-requeue");
  if (site.one_at_a_time) all.emplace_back("--dependency=singleton");
  add(site.sbatch);
  return all;
}

std::vector<std::string> assignments(const std::vector<std::string>& environment) {
  std::vector<std::string> all;
  for (const std::string& text : environment) {
    const std::size_t equals = text.find('=');
    all.push_back(text.substr(0, equals) + "=" + shell_line({text.substr(equals + 1)}));
  }
  return all;
}

}  // namespace

std::string slurm_script(const Manifest& manifest, const ManifestRun& run, const Site& site) {
  const std::string path = find_shipped("jobs/slurm/run.sh");
  std::ifstream text(path);
  if (!text) throw UserError("jobs/slurm/run.sh: the template did not come with this program");
  const Study& study = manifest.study();
  const int ranks = run.run.ranks;
  const int wanted =
      run.run.clock == "native" && run.run.ranks_per_node > 0 ? run.run.ranks_per_node : site.ranks_per_node;
  const int per_node = std::min(wanted, ranks);
  const int minutes = static_cast<int>(std::ceil(study.time_limit_s / 60));
  const int warning = std::min(site.signal_seconds, minutes * 30);  // at most half of the time

  std::vector<std::string> command{site.program.empty() ? this_program() : site.program};
  for (std::string& word : run_arguments(study, run.run, manifest.path(run, "h5"))) command.push_back(std::move(word));
  const std::string launch = replace_all(replace_all(site.launch, "@RANKS@", std::to_string(ranks)), "@RANKS_PER_NODE@",
                                         std::to_string(per_node));
  const auto nodes = per_node > 0 ? std::vector<std::string>{std::to_string((ranks + per_node - 1) / per_node)}
                                  : std::vector<std::string>{};
  const auto spread = per_node > 0 ? std::vector<std::string>{std::to_string(per_node)} : std::vector<std::string>{};
  const std::string run_path = manifest.path(run, "");  // ends with the dot
  return fill_in(text, {{"JOB_NAME", {"haloscope-" + study.name}},
                        {"LOG", {replace_all(manifest.path(run, "log"), "%", "%%")}},
                        {"MINUTES", {std::to_string(minutes)}},
                        {"SIGNAL", {fmt::format("B:USR1@{}", warning)}},
                        {"NODES", nodes},
                        {"RANKS", {std::to_string(ranks)}},
                        {"RANKS_PER_NODE", spread},
                        {"SBATCH", options_of(site)},
                        {"RUN", {shell_line({run_path.substr(0, run_path.size() - 1)})}},
                        {"MODULE", site.modules},
                        {"ENVIRONMENT", assignments(site.environment)},
                        {"BEFORE", site.before},
                        {"PROGRAM", {shell_line({command.front()})}},
                        {"COMMAND", {launch + " " + shell_line(command)}}});
}

}  // namespace haloscope
