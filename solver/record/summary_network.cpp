// SPDX-License-Identifier: BSD-3-Clause
// What the summary says of a modelled network, and of the time lost on it.
#include "haloscope/base/readable.hpp"
#include "haloscope/base/statistics.hpp"
#include "record/summary_text.hpp"

namespace haloscope::text {

using readable::seconds;

namespace {

bool known(const RunFile& file, const std::string& key) {
  return file.text.contains(key) && !text_of(file, key).empty();
}

std::string exactness(const RunFile& file) {
  if (number_of(file, "exact") != 0) return "exact";
  if (known(file, "inexact_calls"))
    return "not exact: followed the order of real arrival, or were unmatched: " + text_of(file, "inexact_calls");
  return "not known before the run has finished";
}

/// An efficiency of the whole run, the median step and the worst.
template <class Part>
void row(Out out, const char* label, const VirtualTimes& times, std::size_t warm, Part part) {
  std::vector<double> steps;
  for (std::size_t step = warm; step < times.steps.size(); ++step) steps.push_back(part(times.steps[step]));
  std::ranges::sort(steps);
  fmt::format_to(out, "  {:<22}{:>10.1f} %{:>12.1f} %{:>12.1f} %\n", label, 100 * part(times.whole),
                 100 * percentile(steps, 0.5), 100 * steps.front());
}

}  // namespace

void write_network(Out out, const RunFile& file) {
  if (text_of(file, "clock") != "virtual" && text_of(file, "clock") != "real") return;
  fmt::format_to(out, "  {:<16}{}, hash {}, seed {}{}\n", "network", text_of(file, "network"),
                 text_of(file, "network_hash"), number_of(file, "network_seed"),
                 known(file, "without") ? ", without " + text_of(file, "without") : std::string());
  if (known(file, "compute_model"))
    fmt::format_to(out, "  {:<16}announced: {}\n", "computing", text_of(file, "compute_model"));
  else if (text_of(file, "compute") == "cpu")
    fmt::format_to(out, "  {:<16}CPU time of each rank's thread\n", "computing");
  else if (text_of(file, "compute") == "announced")
    fmt::format_to(out, "  {:<16}as the program announced it\n", "computing");
  if (file.number.contains("posix_clocks") && number_of(file, "posix_clocks") != 0)
    fmt::format_to(out, "  {:<16}those of POSIX followed the logical clock\n", "clocks");
  fmt::format_to(out, "  {:<16}{}\n", "model", exactness(file));
  if (known(file, "free_calls"))
    fmt::format_to(out, "  {:<16}not modelled, took no time: {}\n", "", text_of(file, "free_calls"));
}

void write_efficiency(Out out, const RunFile& file) {
  const std::size_t warm = skipped(file);
  if (!file.virtual_times || file.virtual_times->steps.size() <= warm) return;
  const VirtualTimes& times = *file.virtual_times;
  fmt::format_to(out, "\n  {:<22}{:>12}{:>14}{:>14}\n", "efficiency", "whole run", "median step", "worst step");
  row(out, "load balance", times, warm, [](const Efficiency& e) { return e.load_balance; });
  row(out, "x serialization", times, warm, [](const Efficiency& e) { return e.serialization; });
  row(out, "x transfer", times, warm, [](const Efficiency& e) { return e.transfer; });
  row(out, "= parallel efficiency", times, warm, [](const Efficiency& e) { return e.parallel(); });

  const double shares =
      static_cast<double>(file.step_seconds.size() - warm) * static_cast<double>(number_of(file, "ranks"));
  double total = 0;
  for (const double time : file.phase_seconds) total += time;
  if (!(shares > 0 && total > 0)) return;
  fmt::format_to(out, "\n  {:<12}{:>14}{:>33}{:>29}\n", "phase", "computing", "waiting for ranks", "network, noise");
  const auto part = [&](double time) { return fmt::format("{:>7.1f} %", std::round(1000 * time / total) / 10 + 0.0); };
  const auto mean = [&](double time) { return seconds(std::abs(time / shares) < 1e-12 ? 0 : time / shares); };
  const auto line = [&](std::string_view label, double compute, double ideal, double time) {
    fmt::format_to(out, "  {:<12}{:>14}{}{:>24}{}{:>20}{}\n", label, mean(compute), part(compute),
                   mean(ideal - compute), part(ideal - compute), mean(time - ideal), part(time - ideal));
  };
  double compute = 0, ideal = 0;
  for (std::size_t p = 0; p < file.phase_seconds.size() && p < file.phases.size(); ++p) {
    compute += times.compute_seconds[p];
    ideal += times.ideal_seconds[p];
    if (file.phase_seconds[p] > 0)
      line(file.phases[p], times.compute_seconds[p], times.ideal_seconds[p], file.phase_seconds[p]);
  }
  line("step", compute, ideal, total);
  fmt::format_to(out, "  {:<12}means over ranks and steps; shares of the step\n", "");
}

}  // namespace haloscope::text
