// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/timing/compute_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/shipped.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

constexpr const char* standing_for_all = "epyc-zen4";
constexpr double bytes_per_GB = 1e9;

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> keys;
    const auto add = [&keys](std::string_view table, std::initializer_list<const char*> names) {
      for (const char* const key : names) keys.push_back(fmt::format("{}.{}", table, key));
    };
    // Of the file, or of a phase that was measured apart from the rest of it.
    const std::initializer_list<const char*> facts = {"processor", "hypervisor", "compiler", "compiler_flags",
                                                      "date",      "program",    "case",     "cells",
                                                      "ranks",     "steps",      "how"};
    add("about", {"name"});
    add("about", facts);
    for (int p = 0; p < n_phases; ++p) {
      const std::string_view phase = name(static_cast<Phase>(p));
      add(phase, {"seconds_per_call", "bytes", "seconds_per_GB", "pieces", "seconds", "misfit"});
      add(phase, facts);
    }
    return keys;
  }();
  return all;
}

void refuse_unknown_keys(const toml::table& root, const std::string& file) {
  for (const auto& [table, node] : root) {
    const std::string outer(table.str());
    if (!node.is_table()) refuse_unknown(file, outer, known_keys());
    for (const auto& [key, value] : *node.as_table()) {
      const std::string path = fmt::format("{}.{}", outer, key.str());
      if (std::ranges::find(known_keys(), path) == known_keys().end()) refuse_unknown(file, path, known_keys());
    }
  }
}

/// A number, or a list of them.
std::vector<double> numbers(const toml::table& root, const std::string& file, const std::string& table,
                            const char* key) {
  const auto node = root[table][key];
  if (!node) throw UserError(fmt::format("{}:{}.{}: missing", file, table, key));
  std::vector<double> values;
  const auto add = [&](const toml::node& one) {
    const std::optional<double> value = one.is_number() ? one.value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value) || *value < 0)
      throw UserError(fmt::format("{}:{}.{}: {}: must be a number of at least 0", file, table, key, shown(one)));
    values.push_back(*value);
  };
  if (const toml::array* const list = node.as_array())
    for (const toml::node& one : *list) add(one);
  else
    add(*node.node());
  if (values.empty()) throw UserError(fmt::format("{}:{}.{}: []: must have a number", file, table, key));
  return values;
}

ComputeCost read_cost(const toml::table& root, const std::string& file, const std::string& table) {
  ComputeCost cost;
  cost.seconds_per_call = numbers(root, file, table, "seconds_per_call").front();
  cost.bytes = numbers(root, file, table, "bytes");
  cost.seconds_per_byte = numbers(root, file, table, "seconds_per_GB");
  for (double& rate : cost.seconds_per_byte) rate /= bytes_per_GB;
  if (cost.bytes.size() != cost.seconds_per_byte.size())
    throw UserError(fmt::format("{}:{}.seconds_per_GB: must have as many numbers as bytes", file, table));
  if (std::adjacent_find(cost.bytes.begin(), cost.bytes.end(), std::greater_equal<>()) != cost.bytes.end() ||
      cost.bytes.front() <= 0)
    throw UserError(fmt::format("{}:{}.bytes: must be positive and rise", file, table));
  return cost;
}

}  // namespace

double ComputeCost::seconds(double piece_bytes) const noexcept {
  if (!(piece_bytes > 0)) return seconds_per_call;
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(bytes, piece_bytes) - bytes.begin());
  double rate = seconds_per_byte[above == 0 ? 0 : above - 1];
  if (above > 0 && above < bytes.size()) {
    const double share = std::log(piece_bytes / bytes[above - 1]) / std::log(bytes[above] / bytes[above - 1]);
    rate += share * (seconds_per_byte[above] - rate);
  }
  return seconds_per_call + rate * piece_bytes;
}

void require_costs(const ComputeModel& model, std::span<const Phase> phases) {
  for (const Phase phase : phases)
    if (model.cost[static_cast<std::size_t>(phase)].bytes.empty())
      throw UserError(
          fmt::format("--compute: {}: has no [{}], in which this case computes: measure it by --calibrate with this "
                      "case, and add that section to a copy of the file",
                      model.file, name(phase)));
}

ComputeModel parse_compute_model(const std::string& text, const std::string& file) {
  const toml::table root = parse_toml(text, file);
  refuse_unknown_keys(root, file);
  ComputeModel model;
  const std::optional<std::string> given = root["about"]["name"].value<std::string>();
  if (!given || given->empty()) throw UserError(file + ":about.name: missing");
  model.name = *given;
  model.text = text;
  model.file = file;
  bool any = false;
  for (int p = 0; p < n_phases; ++p)
    if (const std::string table(name(static_cast<Phase>(p))); root.contains(table)) {
      model.cost[static_cast<std::size_t>(p)] = read_cost(root, file, table);
      any = true;
    }
  if (!any) throw UserError(file + ": has no phase; add one, for example [track]");
  return model;
}

std::string find_compute_model(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::exists(name, ignored) || name.find('/') != std::string::npos || name.ends_with(".toml")) return name;
  if (const std::string shipped = find_shipped("cases/compute/" + name + ".toml"); !shipped.empty()) return shipped;
  throw UserError(fmt::format("--compute: {}: must be cpu, model, a name in cases/compute, or a file", one_line(name)));
}

ComputeModel read_compute_model(MPI_Comm comm, const std::string& name) {
  const std::string file =
      from_rank_0(comm, [&name] { return find_compute_model(name == "model" ? standing_for_all : name); });
  return parse_compute_model(from_rank_0(comm, [&file] { return read_text(file, "a compute model"); }), file);
}

void Announcer::work(Phase phase, double bytes) {
  MPI_Pcontrol(pcontrol::announce, model_.cost[static_cast<std::size_t>(phase)].seconds(bytes));
}

}  // namespace haloscope
