// SPDX-License-Identifier: BSD-3-Clause
// From a study to its runs. Everything that can be known beforehand is checked here, run by run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/hash.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/grid/decomposition.hpp"
#include "haloscope/network/profile.hpp"
#include "haloscope/settings/origin.hpp"
#include "haloscope/settings/toml.hpp"
#include "haloscope/study/study.hpp"
#include "haloscope/timing/compute_model.hpp"

namespace haloscope {

namespace {

using Choice = std::vector<std::size_t>;

std::string labels_of(const Study& study, const Choice& choice) {
  std::vector<std::string> labels;
  for (std::size_t v = 0; v < choice.size(); ++v) labels.push_back(study.variables[v].values[choice[v]].label);
  return fmt::format("{}", fmt::join(labels, ", "));
}

/// The product of all variables, the last one fastest.
std::vector<Choice> choices_of(const Study& study) {
  std::vector<Choice> all{{}};
  for (const StudyVariable& variable : study.variables) {
    std::vector<Choice> longer;
    for (const Choice& choice : all)
      for (std::size_t value = 0; value < variable.values.size(); ++value) {
        longer.push_back(choice);
        longer.back().push_back(value);
      }
    all = std::move(longer);
  }
  return all;
}

/// [run] with the chosen values on top. Lists add up; of the rest two variables must not say the same thing.
StudyValue resolve(const Study& study, const Choice& choice) {
  StudyValue whole = study.base;
  std::map<std::string, std::string> said_by;
  const auto take = [&](const StudyVariable& variable, const char* key, const auto& from, auto& to) {
    if (from == std::remove_cvref_t<decltype(from)>{}) return;
    if (!said_by.emplace(key, variable.name).second)
      throw UserError(fmt::format("{}:variable.values.{}: is said by both {} and {}", study.file, key, said_by[key],
                                  variable.name));
    to = from;
  };
  for (std::size_t v = 0; v < choice.size(); ++v) {
    const StudyVariable& variable = study.variables[v];
    const StudyValue& value = variable.values[choice[v]];
    take(variable, "case", value.case_name, whole.case_name);
    take(variable, "scaling", value.scaling, whole.scaling);
    take(variable, "network", value.network, whole.network);
    take(variable, "clock", value.clock, whole.clock);
    take(variable, "without", value.without, whole.without);
    take(variable, "ranks_per_node", value.ranks_per_node, whole.ranks_per_node);
    whole.set.insert(whole.set.end(), value.set.begin(), value.set.end());
    whole.set_network.insert(whole.set_network.end(), value.set_network.begin(), value.set_network.end());
  }
  return whole;
}

/// Calls @p check and says of a mistake where in the study it is.
template <class Check>
auto where(const std::string& place, Check check) {
  try {
    return check();
  } catch (const UserError& error) {
    const std::string what = error.what();
    throw UserError(fmt::format("{}: {}", place, what.starts_with("--set:") ? what.substr(6) : what));
  }
}

/// Which of the three clocks; the networks' part of the run.
void choose_network(const Study& study, const StudyValue& value, StudyRun& run) {
  const bool modelled = !value.network.empty() && value.network != "native";
  run.clock = !modelled ? "native" : value.clock.empty() ? "virtual" : value.clock;
  if (modelled && run.clock == "native")
    throw UserError(fmt::format("clock: native: cannot be on the modelled network {}", value.network));
  if (value.network.empty() && !value.clock.empty() && value.clock != "native")
    throw UserError(fmt::format("clock: {}: needs a network", value.clock));
  run.ranks_per_node = value.ranks_per_node;
  NetworkOptions& network = run.network;
  network.overrides = value.set_network;
  network.without = value.without;
  if (modelled) {
    network.network = value.network;
    network.clock = run.clock;
    if (value.ranks_per_node > 0) network.ranks_per_node = std::to_string(value.ranks_per_node);
    if (run.clock == "virtual") network.compute = study.compute;
    network.seed = std::to_string(study.seed);  // a repeat's own comes later
    run.network_hash = read_profile(find_profile(network.network), network.overrides).hash;
  }
  static_cast<void>(network_environment(network));
  network.seed.clear();
}

void check_compute(const Study& study) {
  if (study.compute == "cpu" || study.compute == "model") return;
  const std::string file = find_compute_model(study.compute);
  static_cast<void>(parse_compute_model(read_text(file, "a model of computing"), file));
}

bool sets(const std::vector<std::string>& overrides, std::string_view start) {
  return std::ranges::any_of(overrides, [&](const std::string& text) {
    const std::string path = path_of_override(text);
    return start.ends_with('.') ? path.starts_with(start) : path == start;
  });
}

/// The case's changes for a rank count: steps, growth, and no expectations where these are bound to what changes.
std::vector<std::string> overrides_for(const Study& study, const StudyValue& value, const Case& settings, int ranks) {
  const Problem& problem = *settings.problem;
  std::vector<std::string> all = value.set;
  if (study.steps > 0) all.push_back(fmt::format("run.steps={}", study.steps));
  if (study.warmup_steps >= 0) all.push_back(fmt::format("run.warmup_steps={}", study.warmup_steps));
  const bool other_case =
      std::ranges::any_of(problem.expects_for, [&](std::string_view start) { return sets(all, start); });
  const bool grows = value.scaling == Scaling::weak && problem.grow != nullptr;
  const Growth growth = grows ? problem.grow(settings, ranks) : Growth{};
  all.insert(all.end(), growth.settings.begin(), growth.settings.end());
  if (!sets(value.set, "expect") && (other_case || growth.other_result)) all.emplace_back("expect=[]");
  return all;
}

std::size_t place_of_case(const Study& study, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(study.cases, name, &StudyCase::name) - study.cases.begin());
}

/// Everything of a run but its repeat.
StudyRun make_run(const Study& study, const Choice& choice, const StudyValue& value, int ranks) {
  StudyRun run;
  run.choice = choice;
  run.ranks = ranks;
  choose_network(study, value, run);
  run.of_case = place_of_case(study, value.case_name);
  run.scaling = *value.scaling;
  const StudyCase& of = study.cases[run.of_case];
  const Case base = parse_case(of.text, of.name, value.set);
  if (run.scaling == Scaling::strong && base.problem->grow == nullptr)
    throw UserError(fmt::format(
        "run.scaling: strong: each rank of {} does the same on any number of ranks: must be weak", of.name));
  run.overrides = overrides_for(study, value, base, ranks);
  const Case settings = parse_case(of.text, of.name, run.overrides);
  if (!reads(*settings.problem, "grid.cells")) return run;
  run.cells = settings.cells;
  static_cast<void>(choose_process_grid(ranks, settings.cells, settings.process_grid));
  return run;
}

/// "rdma-bare-metal"
std::string slug(const std::string& label) {
  std::string text;
  for (const char c : label) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (letter || small != c)
      text += small;
    else if (!text.empty() && text.back() != '-')
      text += '-';
  }
  text.resize(std::min<std::size_t>(text.size(), 24));
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text;
}

std::string id_of(const Study& study, const StudyRun& run, std::size_t number) {
  std::string id = fmt::format("{:04}", number);
  for (std::size_t v = 0; v < run.choice.size(); ++v)
    if (const std::string word = slug(study.variables[v].values[run.choice[v]].label); !word.empty()) id += "-" + word;
  return fmt::format("{}-n{}-r{}", id.substr(0, 120), run.ranks, run.repeat);
}

std::string place_of(const Study& study, const Choice& choice) {
  return choice.empty() ? study.file : fmt::format("{}: {}", study.file, labels_of(study, choice));
}

}  // namespace

std::vector<StudyRun> matrix_of(const Study& study) {
  where(study.file + ":run.compute", [&] { check_compute(study); });
  if (!study.base.case_name.empty()) {
    const StudyCase& of = study.cases[place_of_case(study, study.base.case_name)];
    where(study.file + ":run.set", [&] { return parse_case(of.text, of.name, study.base.set); });
  }
  std::vector<StudyRun> once;
  for (const Choice& choice : choices_of(study)) {
    const StudyValue value = resolve(study, choice);
    for (const int ranks : study.ranks)
      once.push_back(where(place_of(study, choice), [&] { return make_run(study, choice, value, ranks); }));
  }
  std::vector<StudyRun> all;
  std::mt19937_64 random(static_cast<std::uint64_t>(study.seed));
  for (int repeat = 1; repeat <= study.repeats; ++repeat) {
    // Fisher & Yates by hand: std::shuffle gives other orders with other libraries.
    for (std::size_t n = once.size(); n > 1; --n) std::swap(once[n - 1], once[random() % n]);
    for (const StudyRun& run : once) {
      all.push_back(run);
      all.back().repeat = repeat;
      all.back().network.seed = std::to_string(study.seed + repeat - 1);
      all.back().id = id_of(study, all.back(), all.size());
    }
  }
  return all;
}

std::vector<std::string> run_arguments(const Study& study, const StudyRun& run, const std::string& output) {
  std::vector<std::string> words{"run", study.cases[run.of_case].file, "--output", output, "--seed", run.network.seed};
  const auto add = [&words](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  for (const std::string& text : run.overrides) add("--set", text);
  if (run.clock == "native") return words;
  add("--network", std::filesystem::absolute(find_profile(run.network.network)).lexically_normal());
  for (const std::string& text : run.network.overrides) add("--set-network", text);
  add("--clock", run.clock);
  add("--ranks-per-node", run.network.ranks_per_node);
  add("--without", run.network.without);
  add("--compute", run.network.compute);
  return words;
}

std::string title_of(const Study& study, const StudyRun& run) {
  return fmt::format("{}{}{} rank{}, repeat {}", labels_of(study, run.choice), run.choice.empty() ? "" : ", ",
                     run.ranks, run.ranks == 1 ? "" : "s", run.repeat);
}

std::string name(Scaling scaling) { return scaling == Scaling::strong ? "strong" : "weak"; }

std::string matrix_hash(const Study& study, const std::vector<StudyRun>& runs) {
  std::string text;
  for (const StudyCase& of : study.cases) text += of.text;
  for (const StudyRun& run : runs) {
    if (study.cases.size() > 1) text += "\n" + study.cases[run.of_case].name;
    text +=
        fmt::format("\n{}|{}|{}|{}|{}|{}|{}|{}|{}", run.id, run.ranks, run.network_hash, run.clock, run.ranks_per_node,
                    run.network.without, run.network.compute, run.network.seed, fmt::join(run.overrides, "|"));
  }
  return fmt::format("{:016x}", fnv1a(text));
}

}  // namespace haloscope
