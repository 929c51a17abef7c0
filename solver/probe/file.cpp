// SPDX-License-Identifier: BSD-3-Clause
// The probe file: everything that rank 0 has gathered, through serial HDF5.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "haloscope/base/errors.hpp"
#include "haloscope/record/hdf5.hpp"
#include "probe/report.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr const char* schema = "haloscope-probe";

void write_number(hid_t object, const std::string& name, double value) {
  const hdf5::Attribute attribute(
      check(H5Acreate2(object, name.c_str(), H5T_NATIVE_DOUBLE, hdf5::space({}).get(), H5P_DEFAULT, H5P_DEFAULT)));
  check(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, &value));
}

/// Data sets by name, groups on the way to them included.
class Writer {
 public:
  explicit Writer(hid_t file) : file_(file), links_(check(H5Pcreate(H5P_LINK_CREATE))) {
    check(H5Pset_create_intermediate_group(links_.get(), 1));
  }
  hdf5::Dataset write(const std::string& name, const std::vector<double>& values) {
    return write(name, values.data(), H5T_NATIVE_DOUBLE, values.size());
  }
  hdf5::Dataset write(const std::string& name, const std::vector<std::int64_t>& values) {
    return write(name, values.data(), H5T_NATIVE_INT64, values.size());
  }
  hdf5::Dataset write(const std::string& name, const std::vector<std::string>& texts) {
    std::vector<const char*> data;
    for (const std::string& text : texts) data.push_back(text.c_str());
    return write(name, data.data(), hdf5::text_type().get(), data.size());
  }

 private:
  hdf5::Dataset write(const std::string& name, const void* data, hid_t type, hsize_t count) {
    hdf5::Dataset set(check(
        H5Dcreate2(file_, name.c_str(), type, hdf5::space({&count, 1}).get(), links_.get(), H5P_DEFAULT, H5P_DEFAULT)));
    if (count > 0) check(H5Dwrite(set.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    return set;
  }
  hid_t file_;
  hdf5::Properties links_;
};

/// @p field of every element of @p rows.
template <class T, class Row, class Field>
std::vector<T> column(const std::vector<Row>& rows, Field field) {
  std::vector<T> values;
  for (const Row& row : rows) values.push_back(static_cast<T>(field(row)));
  return values;
}

void write_path(Writer& writer, const std::string& group, const PathReport& path) {
  if (!path.measured()) return;
  const auto survey = [&](const std::string& name, auto field) {
    writer.write(group + "/survey/" + name, column<double>(path.survey, field));
  };
  writer.write(group + "/survey/client",
               column<std::int64_t>(path.survey, [](const auto& p) { return p.ranks.first; }));
  writer.write(group + "/survey/server",
               column<std::int64_t>(path.survey, [](const auto& p) { return p.ranks.second; }));
  survey("p50_seconds", [](const SurveyedPair& pair) { return pair.p50; });
  survey("p99_seconds", [](const SurveyedPair& pair) { return pair.p99; });
  for (const PairLatency& pair : path.latency) {
    const hdf5::Dataset set =
        writer.write(fmt::format("{}/half_round_trip_seconds/{}-{}", group, pair.ranks.first, pair.ranks.second),
                     pair.half_round_trips);
    hdf5::write_attribute(set.get(), "warmup", pair.warmup);
    hdf5::write_attribute(set.get(), "client", std::int64_t{pair.ranks.first});
    hdf5::write_attribute(set.get(), "server", std::int64_t{pair.ranks.second});
  }
  const PathCosts& costs = path.costs;
  writer.write(group + "/costs/bytes", costs.bytes);
  const hdf5::Dataset set = writer.write(group + "/costs/half_round_trip_seconds", costs.half_round_trips);
  hdf5::write_attribute(set.get(), "client", std::int64_t{costs.ranks.first});
  hdf5::write_attribute(set.get(), "server", std::int64_t{costs.ranks.second});
  write_number(set.get(), "send_seconds", costs.send_seconds);
  write_number(set.get(), "receive_seconds", costs.receive_seconds);
  write_number(set.get(), "gap_seconds", costs.gap_seconds);
  hdf5::write_attribute(set.get(), "eager_limit_bytes", costs.eager_limit_bytes);
}

void write_ranks(Writer& writer, const std::vector<RankReport>& ranks) {
  const auto add = [&](const std::string& name, auto field) { writer.write(name, column<double>(ranks, field)); };
  writer.write("/ranks/host", column<std::string>(ranks, [](const RankReport& rank) { return rank.host; }));
  writer.write("/ranks/logical_cores", column<std::string>(ranks, [](const RankReport& rank) { return rank.cores; }));
  writer.write("/ranks/bound", column<std::int64_t>(ranks, [](const RankReport& rank) { return rank.bound; }));
  writer.write("/ranks/node", column<std::int64_t>(ranks, [](const RankReport& rank) { return rank.node; }));
  add("/triad/alone_bytes_per_second", [](const RankReport& rank) { return rank.triad_alone; });
  add("/triad/together_bytes_per_second", [](const RankReport& rank) { return rank.triad_together; });
  const auto add_detour = [&](const std::string& name, double DetourSummary::*field) {
    add("/detours/" + name, [field](const RankReport& rank) { return rank.detours.*field; });
  };
  add_detour("minimum_loop_seconds", &DetourSummary::minimum_loop);
  add_detour("threshold_seconds", &DetourSummary::threshold);
  add_detour("observed_seconds", &DetourSummary::observed);
  add_detour("count", &DetourSummary::count);
  add_detour("cpu_fraction", &DetourSummary::cpu_fraction);
  add_detour("rate_per_second", &DetourSummary::rate);
  add_detour("median_seconds", &DetourSummary::median);
  add_detour("p99_seconds", &DetourSummary::p99);
  add_detour("longest_seconds", &DetourSummary::longest);
  add_detour("interval_median_seconds", &DetourSummary::interval_median);
  add_detour("interval_p99_seconds", &DetourSummary::interval_p99);
  for (std::size_t i = 0; i < detour_lengths_us.size(); ++i)
    add(fmt::format("/detours/rate_longer_than_{:.0f}_us_per_second", detour_lengths_us[i]),
        [i](const RankReport& rank) { return rank.detours.rate_longer[i]; });
}

void write(hid_t file, const ProbeReport& report, const std::string& table, const std::string& profile_text) {
  hdf5::write_attribute(file, "schema", std::string(schema));
  hdf5::write_attribute(file, "schema_version", std::int64_t{1});
  for (const auto& [key, text] : report.text) hdf5::write_attribute(file, key, text);
  hdf5::write_attribute(file, "ranks", static_cast<std::int64_t>(report.ranks.size()));
  hdf5::write_attribute(file, "triad_mebibytes", std::int64_t{report.triad_mebibytes});
  hdf5::write_attribute(file, "cut", report.cut);
  hdf5::write_attribute(file, "warnings", report.warnings);
  hdf5::write_attribute(file, "table", table);
  hdf5::write_attribute(file, "profile", profile_text);
  unsigned major = 0, minor = 0, release = 0;
  check(H5get_libversion(&major, &minor, &release));
  hdf5::write_attribute(file, "hdf5_version", fmt::format("{}.{}.{}", major, minor, release));
  write_number(file, "seconds_asked", report.seconds_asked);
  write_number(file, "seconds_taken", report.seconds_taken);
  write_number(file, "clock_step_seconds", report.clock_step);
  write_number(file, "clock_cost_seconds", report.clock_cost);
  Writer writer(file);
  write_path(writer, "/within_node", report.within_node);
  write_path(writer, "/between_nodes", report.between_nodes);
  for (const CollectiveReport& one : report.collectives) {
    std::string name = one.name;
    std::ranges::replace(name, ' ', '_');
    const hdf5::Dataset set = writer.write("/collectives/" + name, one.seconds);
    hdf5::write_attribute(set.get(), "warmup", one.warmup);
    write_number(set.get(), "skew_seconds", one.skew);
  }
  write_ranks(writer, report.ranks);
  writer.write("/detours/pooled/duration_seconds", report.detour_seconds);
  writer.write("/detours/pooled/interval_seconds", report.detour_intervals);
}

hdf5::File open(const std::string& path) {
  return hdf5::File(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, hdf5::serial_access().get())));
}

std::string read_text(hid_t file, const char* name) {
  const hdf5::Attribute attribute(check(H5Aopen(file, name, H5P_DEFAULT)));
  const hdf5::Type type = hdf5::text_type();
  char* data = nullptr;
  check(H5Aread(attribute.get(), type.get(), static_cast<void*>(&data)));
  const std::string text = data == nullptr ? "" : data;
  H5free_memory(data);
  return text;
}

}  // namespace

void write_probe_file(const std::string& path, const ProbeReport& report, const std::string& table,
                      const std::string& profile_text) {
  const std::string partial = path + ".part";
  hdf5::be_silent();
  try {
    const hdf5::File file(check(H5Fcreate(partial.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, hdf5::serial_access().get())));
    write(file.get(), report, table, profile_text);
    check(H5Fflush(file.get(), H5F_SCOPE_LOCAL));
  } catch (const hdf5::Error& error) {
    ::unlink(partial.c_str());
    throw LibraryError(fmt::format("{}: cannot be written: {}", path, error.what()));
  }
  if (std::rename(partial.c_str(), path.c_str()) != 0)
    throw LibraryError(fmt::format("{}: cannot be written: {}", path, std::generic_category().message(errno)));
}

bool is_probe_file(const std::string& path) {
  hdf5::be_silent();
  if (H5Fis_hdf5(path.c_str()) <= 0) return false;
  try {
    return read_text(open(path).get(), "schema") == schema;
  } catch (const hdf5::Error&) {
    return false;
  }
}

std::string read_probe_table(const std::string& path) {
  try {
    return read_text(open(path).get(), "table");
  } catch (const hdf5::Error& error) {
    throw UserError(fmt::format("{}: cannot be read as a probe file: {}", path, error.what()));
  }
}

}  // namespace haloscope
