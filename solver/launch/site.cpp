// SPDX-License-Identifier: BSD-3-Clause
#include "launch/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/settings/kinds.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

struct SiteKey {
  std::string path, allowed;
  std::function<bool(const toml::node&, Site&)> read;
};

template <class T>
SiteKey row(const char* path, const Kind<T>& kind, T Site::*member) {
  return {path, kind.allowed, [read = kind.read, member](const toml::node& node, Site& site) {
            std::optional<T> value = read(node);
            if (value) site.*member = std::move(*value);
            return value.has_value();
          }};
}

Kind<std::string> one_word() {
  return text("one word", [](const std::string& s) { return s.find_first_of(" \t\n\r") == std::string::npos; });
}

/// A list, maybe empty, of lines for which @p holds.
Kind<std::vector<std::string>> lines(std::string allowed, std::function<bool(const std::string&)> holds) {
  return {std::move(allowed), [holds](const toml::node& node) -> std::optional<std::vector<std::string>> {
            const toml::array* const list = node.as_array();
            if (list == nullptr) return {};
            std::vector<std::string> all;
            for (const toml::node& one : *list) {
              if (!one.is_string()) return {};
              all.push_back(*one.value<std::string>());
              if (all.back().find('\n') != std::string::npos || !holds(all.back())) return {};
            }
            return all;
          }};
}

const std::vector<SiteKey>& site_keys() {
  static const std::vector<SiteKey> keys = [] {
    const auto any = [](const std::string&) { return true; };
    const auto option = [](const std::string& s) { return s.starts_with("-"); };
    const auto assignment = [](const std::string& s) { return s.find('=') != std::string::npos && s[0] != '='; };
    const auto word = [](const std::string& s) {
      return !s.empty() && s.find_first_of(" ;&|'\"$") == std::string::npos;
    };
    return std::vector<SiteKey>{
        row("slurm.partition", one_word(), &Site::partition),
        row("slurm.account", one_word(), &Site::account),
        row("slurm.qos", one_word(), &Site::qos),
        row("slurm.constraint", one_word(), &Site::constraint),
        row("slurm.reservation", one_word(), &Site::reservation),
        row("slurm.sbatch", lines("a list of options, each beginning with -", option), &Site::sbatch),
        row("slurm.exclusive", boolean(), &Site::exclusive),
        row("slurm.requeue", boolean(), &Site::requeue),
        row("slurm.one_at_a_time", boolean(), &Site::one_at_a_time),
        row("slurm.ranks_per_node", integer<int>(0), &Site::ranks_per_node),
        row("slurm.signal_seconds", integer<int>(1, 3600), &Site::signal_seconds),
        row("slurm.poll_seconds", positive(), &Site::poll_seconds),
        row("job.modules", lines("a list of module names", word), &Site::modules),
        row("job.environment", lines("a list of \"NAME=VALUE\"", assignment), &Site::environment),
        row("job.before", lines("a list of shell lines", any), &Site::before),
        row("job.program", any_text(), &Site::program),
        row("job.launch", some_text(), &Site::launch),
    };
  }();
  return keys;
}

}  // namespace

Site parse_site(const std::string& text, const std::string& file) {
  const toml::table root = parse_toml(text, file);
  std::vector<std::string> known;
  for (const SiteKey& key : site_keys()) known.push_back(key.path);
  Site site;
  site.file = file;
  for (const auto& [outer, node] : root) {
    const std::string table(outer.str());
    if (!node.is_table() || node.as_table()->empty()) {
      if (table != "slurm" && table != "job") refuse_unknown(file, table, known);
      if (!node.is_table()) throw UserError(fmt::format("{}:{}: {}: must be a table", file, table, shown(node)));
    }
    for (const auto& [inner, value] : *node.as_table()) {
      const std::string path = fmt::format("{}.{}", table, inner.str());
      const auto key = std::ranges::find(site_keys(), path, &SiteKey::path);
      if (key == site_keys().end()) refuse_unknown(file, path, known);
      if (!key->read(value, site))
        throw UserError(fmt::format("{}:{}: {}: must be {}", file, path, shown(value), key->allowed));
    }
  }
  if (site.launch.empty()) throw UserError(file + ":job.launch: missing: must be what starts the ranks of a job");
  if (site.launch.find("@RANKS_PER_NODE@") != std::string::npos && site.ranks_per_node == 0)
    throw UserError(file + ":job.launch: has @RANKS_PER_NODE@: slurm.ranks_per_node must say how many");
  return site;
}

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
