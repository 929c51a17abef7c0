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
#include "haloscope/settings/kinds.hpp"
#include "haloscope/settings/schema.hpp"

namespace haloscope {

namespace {

constexpr const char* standing_for_all = "epyc-zen4";
constexpr double bytes_per_GB = 1e9;

/// Of the file, or of a phase that was measured apart from the rest of it; the program reads none of them.
void add_facts(Schema<ComputeModel>& keys) {
  keys.add_note("processor", "anything").means("the processor it was measured on");
  keys.add_note("hypervisor", "anything").means("the hypervisor of a virtual machine");
  keys.add_note("compiler", "anything").means("the compiler of the program");
  keys.add_note("compiler_flags", "anything").means("its flags");
  keys.add_note("date", "anything").means("the day of the measurement");
  keys.add_note("program", "anything").means("version and commit of the program");
  keys.add_note("case", "anything").means("the case that was run");
  keys.add_note("cells", "anything").means("the cells of its grid");
  keys.add_note("ranks", "anything").means("the ranks it ran on");
  keys.add_note("steps", "anything").means("the steps it took");
  keys.add_note("how", "anything").means("how computing was measured");
}

void add_phase(Schema<ComputeModel>& keys, std::size_t phase) {
  const auto of = [phase](auto member) {
    return [ phase, member ](auto& model, Place) -> auto& { return model.cost[phase].*member; };
  };
  const std::string table(name(static_cast<Phase>(phase)));
  TableText& text =
      keys.table(table,
                 "A phase in which the solver computes: other, halo and so on, as the run file calls them; each has "
                 "the same keys. A piece of work of b bytes takes seconds_per_call + seconds_per_GB(b) b.");
  text.headed(fmt::format("`[{}]`, and every other phase", table));
  if (phase > 0) text.left_out();
  keys.add("seconds_per_call", not_negative(), of(&ComputeCost::seconds_per_call))
      .in("s")
      .defaults_to("required")
      .means("of each piece of work, whatever its size");
  keys.add("bytes", list_of(not_negative()), of(&ComputeCost::bytes))
      .in("B")
      .defaults_to("required")
      .means("sizes of pieces, positive and rising");
  keys.add("seconds_per_GB", list_of(not_negative()), of(&ComputeCost::seconds_per_byte))
      .in("s/GB")
      .defaults_to("required")
      .means("the rate at each of these sizes: linear in log b between them, constant beyond");
  keys.add_note("pieces", "anything").means("how many pieces of work were measured");
  keys.add_note("seconds", "anything").in("s").means("the time they took");
  keys.add_note("misfit", "anything").means("how far pieces of one size are from the model, as a share");
  add_facts(keys);
}

const Schema<ComputeModel>& compute_schema() {
  static const Schema<ComputeModel> schema = [] {
    Schema<ComputeModel> keys;
    keys.table("about", "What was measured. Only the name is read by the program.");
    keys.add("name", some_text(), &ComputeModel::name).needed().means("how run files call the model");
    add_facts(keys);
    for (std::size_t phase = 0; phase < n_phases; ++phase) add_phase(keys, phase);
    return keys;
  }();
  return schema;
}

/// Whether a phase that is there is whole; its rates become those of a byte.
void finish(ComputeCost& cost, const Origin& origin, const std::string& table) {
  for (const char* const key : {"seconds_per_call", "bytes", "seconds_per_GB"})
    if (const std::string path = fmt::format("{}.{}", table, key); !origin.given.contains(path))
      origin.refuse(path, "missing", "must be " + compute_schema().find(path)->allowed);
  for (double& rate : cost.seconds_per_byte) rate /= bytes_per_GB;
  if (cost.bytes.size() != cost.seconds_per_byte.size())
    origin.refuse(table + ".seconds_per_GB", "", "must have as many numbers as bytes");
  if (std::ranges::adjacent_find(cost.bytes, std::greater_equal<>()) != cost.bytes.end() || cost.bytes.front() <= 0)
    origin.refuse(table + ".bytes", "", "must be positive and rise");
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
  ComputeModel model;
  Origin origin{file, {}, {}};
  compute_schema().parse(text, {}, model, origin);
  compute_schema().require_keys(origin);
  model.text = text;
  model.file = file;
  bool any = false;
  for (int p = 0; p < n_phases; ++p)
    if (const std::string table(name(static_cast<Phase>(p))); origin.gives(table)) {
      finish(model.cost[static_cast<std::size_t>(p)], origin, table);
      any = true;
    }
  if (!any) throw UserError(file + ": has no phase; add one, for example [track]");
  return model;
}

std::string compute_reference() { return compute_schema().reference(); }

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
