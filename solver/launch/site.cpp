// SPDX-License-Identifier: BSD-3-Clause
#include "launch/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/launch/command.hpp"
#include "haloscope/settings/kinds.hpp"
#include "haloscope/settings/schema.hpp"

namespace haloscope {

namespace {

Kind<std::string> one_word() {
  return text("one word", [](const std::string& s) { return s.find_first_of(" \t\n\r") == std::string::npos; });
}

/// A list, maybe empty, of lines for which @p holds.
Kind<std::vector<std::string>> lines(std::string allowed, std::function<bool(const std::string&)> holds) {
  return {std::move(allowed), [holds](const Json& node) -> std::optional<std::vector<std::string>> {
            if (!node.is_array()) return {};
            std::vector<std::string> all;
            for (const Json& one : node) {
              if (!one.is_string()) return {};
              all.push_back(one.get<std::string>());
              if (all.back().find('\n') != std::string::npos || !holds(all.back())) return {};
            }
            return all;
          }};
}

void add_slurm(Schema<Site>& keys) {
  const auto option = [](const std::string& s) { return s.starts_with("-"); };
  keys.table("slurm", "What sbatch is asked for.");
  keys.add("partition", one_word(), &Site::partition).means("`--partition`; empty: the option is left out");
  keys.add("account", one_word(), &Site::account).means("`--account`, likewise");
  keys.add("qos", one_word(), &Site::qos).means("`--qos`, likewise");
  keys.add("constraint", one_word(), &Site::constraint).means("`--constraint`, likewise");
  keys.add("reservation", one_word(), &Site::reservation).means("`--reservation`, likewise");
  keys.add("sbatch", lines("a list of options, each beginning with -", option), &Site::sbatch)
      .means("any other options of sbatch");
  keys.add("exclusive", boolean(), &Site::exclusive).means("whole nodes: neighbours are noise");
  keys.add("requeue", boolean(), &Site::requeue).means("Slurm starts a job again whose node has died");
  keys.add("one_at_a_time", boolean(), &Site::one_at_a_time)
      .means(
          "the study's jobs run one after another, so that none loads the network of another "
          "(`--dependency=singleton`)");
  keys.add("ranks_per_node", integer<int>(0), &Site::ranks_per_node)
      .means("where the study does not say; 0: left to Slurm");
  keys.add("signal_seconds", integer<int>(1, 3600), &Site::signal_seconds)
      .in("s")
      .means("this long before the walltime ends the run is told to stop after its step");
  keys.add("poll_seconds", positive(), &Site::poll_seconds).in("s").means("between two looks at the jobs");
}

void add_job(Schema<Site>& keys) {
  const auto any = [](const std::string&) { return true; };
  const auto assignment = [](const std::string& s) { return s.find('=') != std::string::npos && s[0] != '='; };
  const auto word = [](const std::string& s) { return !s.empty() && s.find_first_of(" ;&|'\"$") == std::string::npos; };
  keys.table("job", "What the script does on the nodes.");
  keys.add("modules", lines("a list of module names", word), &Site::modules).means("`module load`, a line each");
  keys.add("environment", lines("a list of \"NAME=VALUE\"", assignment), &Site::environment)
      .means("variables that the run gets");
  keys.add("before", lines("a list of shell lines", any), &Site::before).means("what the script does before the run");
  keys.add("program", any_text(), &Site::program)
      .means("haloscope on the nodes; empty: the path of the program that submits");
  keys.add("launch", some_text(), &Site::launch)
      .defaults_to("required")
      .means(
          "what starts the ranks; `@RANKS@` and `@RANKS_PER_NODE@` are put in. Binding and distribution belong here");
}

const Schema<Site>& site_schema() {
  static const Schema<Site> schema = [] {
    Schema<Site> keys;
    add_slurm(keys);
    add_job(keys);
    return keys;
  }();
  return schema;
}

}  // namespace

Site parse_site(const std::string& text, const std::string& file) {
  Site site;
  site.file = file;
  Origin origin{file, {}, {}};
  site_schema().parse(text, {}, site, origin);
  if (site.launch.empty()) throw UserError(file + ":job.launch: missing: must be what starts the ranks of a job");
  if (site.launch.find("@RANKS_PER_NODE@") != std::string::npos && site.ranks_per_node == 0)
    throw UserError(file + ":job.launch: has @RANKS_PER_NODE@: slurm.ranks_per_node must say how many");
  return site;
}

std::string site_reference() { return site_schema().reference(); }

Site read_site(const std::string& name) {
  std::error_code ignored;
  std::string path = name;
  if (!std::filesystem::is_regular_file(path, ignored) && name.find('/') == std::string::npos) {
    path = find_shipped("jobs/sites/" + name + (name.ends_with(".toml") ? "" : ".toml"));
    if (path.empty()) {
      std::vector<std::string> sites;
      for (const auto& entry : std::filesystem::directory_iterator(find_shipped("jobs/sites"), ignored))
        sites.push_back(entry.path().stem());
      throw UserError(fmt::format("--site: {}: no such file or site{}", one_line(name),
                                  sites.empty() ? "" : "; the nearest is " + nearest_name(name, sites)));
    }
  }
  return parse_site(read_text(path, "a site"), path);
}

}  // namespace haloscope
