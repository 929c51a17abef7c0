// SPDX-License-Identifier: BSD-3-Clause
// Reads a run file through serial HDF5. Whatever HDF5 refuses here is the file's fault, so a UserError. This file is
// long because all of the layout of a run file is read in one place.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <numeric>
#include <system_error>

#include "haloscope/base/errors.hpp"
#include "haloscope/record/hdf5.hpp"
#include "haloscope/record/record.hpp"
#include "record/columns.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr std::size_t slab_values = std::size_t{1} << 20;  ///< read at once: 8 MiB

/// Texts of a data set or attribute of @p count values and type @p type, read by @p read(memory type, memory).
template <class Read>
std::vector<std::string> read_texts(hid_t type, hid_t extent, std::size_t count, Read read) {
  std::vector<std::string> texts(count);
  if (count == 0) return texts;
  if (check(H5Tis_variable_str(type)) > 0) {
    const hdf5::Type memory = hdf5::text_type();
    std::vector<char*> data(count, nullptr);
    check(read(memory.get(), static_cast<void*>(data.data())));
    std::transform(data.begin(), data.end(), texts.begin(),
                   [](const char* text) { return text == nullptr ? "" : text; });
    check(H5Dvlen_reclaim(memory.get(), extent, H5P_DEFAULT, data.data()));
    return texts;
  }
  const std::size_t length = H5Tget_size(type);
  std::string data(count * length, '\0');
  check(read(type, static_cast<void*>(data.data())));
  for (std::size_t i = 0; i < count; ++i) texts[i] = std::string(data, i * length, length).c_str();
  return texts;
}

std::vector<std::string> read_text_attribute(const hdf5::Attribute& attribute) {
  const hdf5::Type type(check(H5Aget_type(attribute.get())));
  const hdf5::Space extent(check(H5Aget_space(attribute.get())));
  const auto count = static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(extent.get())));
  return read_texts(type.get(), extent.get(), count,
                    [&](hid_t memory, void* data) { return H5Aread(attribute.get(), memory, data); });
}

/// What is attached to a group, by kind.
struct Attributes {
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> number;
  std::map<std::string, std::vector<std::string>> texts;
};

Attributes read_attributes(hid_t object) {
  H5O_info_t info{};
  check(H5Oget_info(object, &info));
  Attributes all;
  for (hsize_t i = 0; i < info.num_attrs; ++i) {
    const hdf5::Attribute attribute(
        check(H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_NATIVE, i, H5P_DEFAULT, H5P_DEFAULT)));
    std::string name(static_cast<std::size_t>(check(H5Aget_name(attribute.get(), 0, nullptr))), '\0');
    check(H5Aget_name(attribute.get(), name.size() + 1, name.data()));
    const hdf5::Type type(check(H5Aget_type(attribute.get())));
    const hdf5::Space extent(check(H5Aget_space(attribute.get())));
    const bool scalar = check(H5Sget_simple_extent_ndims(extent.get())) == 0;
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind == H5T_STRING && scalar) all.text[name] = read_text_attribute(attribute).at(0);
    if (kind == H5T_STRING && !scalar) all.texts[name] = read_text_attribute(attribute);
    if (kind == H5T_INTEGER && scalar) check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &all.number[name]));
  }
  return all;
}

hdf5::Dataset open_dataset(hid_t file, const std::string& name) {
  return hdf5::Dataset(check(H5Dopen2(file, name.c_str(), H5P_DEFAULT)));
}

/// Calls @p visit(values, first row, rows) for the rows [@p begin, @p end) of a data set, slab by slab. All of its
/// extents but the first must be @p rest.
template <class Visit>
void for_each_slab(hid_t file, const std::string& name, const std::vector<hsize_t>& rest, hsize_t begin, hsize_t end,
                   Visit visit) {
  const hdf5::Dataset set = open_dataset(file, name);
  std::vector<hsize_t> count = hdf5::extents(set.get());
  if (count.size() != rest.size() + 1 || !std::equal(rest.begin(), rest.end(), count.begin() + 1) || count[0] < end)
    throw hdf5::Error(name + " has another shape than expected");
  hsize_t row_size = 1;
  for (const hsize_t extent : rest) row_size *= extent;
  const hsize_t slab = std::max<hsize_t>(1, slab_values / std::max<hsize_t>(1, row_size));
  const hdf5::Space whole(check(H5Dget_space(set.get())));
  std::vector<hsize_t> start(count.size(), 0);
  std::vector<double> values(std::min(slab, end - begin) * row_size);
  for (hsize_t row = begin; row < end; row += slab) {
    start[0] = row;
    count[0] = std::min(slab, end - row);
    check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
    check(H5Dread(set.get(), H5T_NATIVE_DOUBLE, hdf5::space(count).get(), whole.get(), H5P_DEFAULT, values.data()));
    visit(values.data(), row, count[0]);
  }
}

/// Slowest rank of each step, up to the first step that is not there for all ranks.
void read_step_seconds(hid_t file, hsize_t steps, hsize_t ranks, RunFile& run) {
  bool complete = true;
  for_each_slab(file, "/timing/step_seconds", {ranks}, 0, steps, [&](const double* values, hsize_t, hsize_t rows) {
    for (hsize_t row = 0; row < rows && complete; ++row) {
      const double* const step = values + row * ranks;
      complete = std::none_of(step, step + ranks, [](double seconds) { return std::isnan(seconds); });
      if (!complete) break;
      run.step_seconds.push_back(*std::max_element(step, step + ranks));
    }
  });
}

/// Time of each rank outside MPI, by steps and phases summed up.
std::vector<double> read_compute_seconds(hid_t file, hsize_t ranks, hsize_t n, hsize_t begin, hsize_t end) {
  std::vector<double> compute(ranks, 0);
  const auto add = [&](const std::string& name, double sign) {
    for_each_slab(file, name, {ranks, n}, begin, end, [&](const double* values, hsize_t, hsize_t rows) {
      for (hsize_t cell = 0; cell < rows * ranks * n; ++cell) compute[cell / n % ranks] += sign * values[cell];
    });
  };
  add("/timing/phase_seconds", 1);
  add("/timing/point_to_point_seconds", -1);
  add("/timing/collective_seconds", -1);
  return compute;
}

/// Of the @p n phases of the file; a count below 0 is not known, hence NaN.
void add_up(hid_t file, const std::string& name, hsize_t ranks, hsize_t n, hsize_t begin, hsize_t end,
            PerPhase<double>& sum, bool counts) {
  sum = {};
  for_each_slab(file, name, {ranks, n}, begin, end, [&](const double* values, hsize_t, hsize_t rows) {
    for (hsize_t row = 0; row < rows * ranks; ++row)
      for (hsize_t phase = 0; phase < n; ++phase) {
        const double value = values[row * n + phase];
        sum[phase] += counts && value < 0 ? std::numeric_limits<double>::quiet_NaN() : value;
      }
  });
}

/// Two passes over the ranks' times, by step and by rank; only some numbers a step and a rank are kept in memory.
VirtualTimes read_virtual_times(hid_t file, hsize_t ranks, const RunFile& run, hsize_t warmup) {
  const hsize_t steps = run.step_seconds.size();
  struct Sums {
    std::vector<double> total, largest;  ///< (step): over ranks
    std::vector<double> by_rank;         ///< over steps after warm-up
  };
  const auto sum_up = [&](const std::string& name, PerPhase<double>* by_phase) {
    Sums sums{std::vector<double>(steps, 0), std::vector<double>(steps, 0), std::vector<double>(ranks, 0)};
    const hsize_t width = by_phase != nullptr ? run.phases.size() : 1;
    std::vector<hsize_t> rest{ranks};
    if (by_phase != nullptr) rest.push_back(width);
    for_each_slab(file, name, rest, 0, steps, [&](const double* values, hsize_t first, hsize_t rows) {
      for (hsize_t row = 0; row < rows * ranks; ++row) {
        const hsize_t step = first + row / ranks;
        const double* const parts = values + row * width;
        const double time = std::accumulate(parts, parts + width, 0.0);
        sums.total[step] += time;
        sums.largest[step] = std::max(sums.largest[step], time);
        if (step < warmup) continue;
        sums.by_rank[row % ranks] += time;
        if (by_phase != nullptr)
          for (hsize_t phase = 0; phase < width; ++phase) (*by_phase)[phase] += parts[phase];
      }
    });
    return sums;
  };
  VirtualTimes times;
  const Sums compute = sum_up("/timing/compute_seconds", &times.compute_seconds);
  const Sums ideal = sum_up("/timing/ideal_seconds", &times.ideal_seconds);
  const Sums elapsed = sum_up("/timing/step_seconds", nullptr);
  for (hsize_t step = 0; step < steps; ++step)
    times.steps.push_back(efficiency_of(compute.total[step] / static_cast<double>(ranks), compute.largest[step],
                                        ideal.largest[step], elapsed.largest[step]));
  times.whole = efficiency_of(compute.by_rank, ideal.by_rank, elapsed.by_rank);
  return times;
}

std::vector<std::string> links_of(hid_t group) {
  std::vector<std::string> names;
  const auto keep = [](hid_t, const char* name, const H5L_info_t*, void* kept) -> herr_t {
    static_cast<std::vector<std::string>*>(kept)->emplace_back(name);
    return 0;
  };
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &names));
  return names;
}

std::vector<std::string> read_text_column(hid_t file, const std::string& name) {
  const hdf5::Dataset set = open_dataset(file, name);
  const hdf5::Type type(check(H5Dget_type(set.get())));
  const hdf5::Space extent(check(H5Dget_space(set.get())));
  const auto count = static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(extent.get())));
  return read_texts(type.get(), extent.get(), count, [&](hid_t memory, void* data) {
    return H5Dread(set.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  });
}

std::vector<double> read_reals(hid_t file, const std::string& name, std::size_t count) {
  std::vector<double> all;
  for_each_slab(file, name, {}, 0, count,
                [&](const double* values, hsize_t, hsize_t rows) { all.insert(all.end(), values, values + rows); });
  return all;
}

std::vector<Check> read_checks(hid_t file) {
  const hdf5::Group group(check(H5Gopen2(file, "/expect", H5P_DEFAULT)));
  const std::vector<std::string> columns = links_of(group.get());
  if (columns.empty()) return {};  // the run did not finish
  const std::vector<std::string> names = read_text_column(file, "/expect/name");
  const std::vector<std::string> sources = read_text_column(file, "/expect/source");
  const std::size_t n = names.size();
  const std::vector<double> expected = read_reals(file, "/expect/expected", n);
  const std::vector<double> measured = read_reals(file, "/expect/measured", n);
  const std::vector<double> tolerance = read_reals(file, "/expect/tolerance", n);
  const std::vector<double> pass = read_reals(file, "/expect/pass", n);
  std::vector<double> error(n, std::numeric_limits<double>::quiet_NaN());
  if (std::ranges::count(columns, "standard_error") > 0)  // which files of older programs do not have
    error = read_reals(file, "/expect/standard_error", n);
  std::vector<Check> checks;
  for (std::size_t i = 0; i < n; ++i)
    checks.push_back({names[i], expected[i], measured[i], tolerance[i], sources.at(i), pass[i] > 0, error[i]});
  return checks;
}

std::vector<LineProfile> read_profiles(hid_t file) {
  const hdf5::Group group(check(H5Gopen2(file, "/profiles", H5P_DEFAULT)));
  std::vector<LineProfile> profiles;
  for (const std::string& name : links_of(group.get())) {
    const std::string place = "/profiles/" + name;
    const std::size_t points = hdf5::extents(open_dataset(file, place + "/coordinate").get()).at(0);
    profiles.push_back(
        {name, read_reals(file, place + "/coordinate", points), read_reals(file, place + "/value", points)});
  }
  return profiles;
}

void read_phases(hid_t file, RunFile& run) {
  const hdf5::Dataset set = open_dataset(file, "/timing/phase_seconds");
  run.phases = read_attributes(set.get()).texts["phases"];
  std::vector<std::string> known;
  for (int phase = 0; phase < n_phases; ++phase) known.emplace_back(name(static_cast<Phase>(phase)));
  for (const std::string& phase : run.phases) {
    if (std::ranges::find(known, phase) == known.end())
      throw hdf5::Error(
          fmt::format("its phase {} is not one of those that this program knows: {}", phase, fmt::join(known, ", ")));
    if (std::ranges::count(run.phases, phase) > 1) throw hdf5::Error(fmt::format("it has the phase {} twice", phase));
  }
}

RunFile read(hid_t file, bool whole) {
  const hdf5::Group root(check(H5Gopen2(file, "/", H5P_DEFAULT)));
  Attributes attributes = read_attributes(root.get());
  if (attributes.text["schema"] != "haloscope-run")
    throw hdf5::Error(fmt::format("its schema is \"{}\", not \"haloscope-run\"", attributes.text["schema"]));
  if (attributes.number["schema_version"] != 1)
    throw hdf5::Error(
        fmt::format("it has schema version {}; this program reads version 1", attributes.number["schema_version"]));

  RunFile run;
  read_phases(file, run);
  const auto ranks = static_cast<hsize_t>(std::max<std::int64_t>(attributes.number["ranks"], 1));
  const auto promised = static_cast<hsize_t>(std::max<std::int64_t>(attributes.number["steps_completed"], 0));
  read_step_seconds(file, promised, ranks, run);
  const hsize_t steps = run.step_seconds.size();
  attributes.number["steps_completed"] = static_cast<std::int64_t>(steps);

  run.warnings = std::move(attributes.texts["warnings"]);
  run.invalid_reasons = std::move(attributes.texts["invalid_reasons"]);
  run.text = attributes.text;
  run.number = attributes.number;
  if (!whole) return run;

  const auto warmup = static_cast<hsize_t>(std::max<std::int64_t>(attributes.number["warmup_steps"], 0));
  const hsize_t begin = std::min(warmup, steps);
  for (const Column& column : all_columns)
    if (column.sum != nullptr)
      add_up(file, std::string("/timing/") + column.name, ranks, run.phases.size(), begin, steps, run.*column.sum,
             column.counts());
  run.compute_seconds = read_compute_seconds(file, ranks, run.phases.size(), begin, steps);

  if (attributes.text["clock"] == "virtual") run.virtual_times = read_virtual_times(file, ranks, run, begin);

  const hdf5::Group solver(check(H5Gopen2(file, "/solver", H5P_DEFAULT)));
  for (const std::string& name : links_of(solver.get())) run.solver[name] = read_reals(file, "/solver/" + name, steps);
  const hdf5::Group machine(check(H5Gopen2(file, "/machine", H5P_DEFAULT)));
  run.machine = read_attributes(machine.get()).text;
  run.checks = read_checks(file);
  run.profiles = read_profiles(file);
  return run;
}

}  // namespace

RunFile read_run_file(const std::string& path, bool whole) {
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  const auto unreadable = [&path](int code) {
    return UserError(fmt::format("{}: cannot be read: {}", path, std::generic_category().message(code)));
  };
  {
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
    if (!file) throw unreadable(errno);
    char first = 0;
    if (std::fread(&first, 1, 1, file.get()) != 1 && std::ferror(file.get()) != 0) throw unreadable(errno);
  }
  hdf5::be_silent();
  if (H5Fis_hdf5(path.c_str()) <= 0) throw UserError(path + ": is not a run file of Haloscope: HDF5 does not know it");
  try {
    const hdf5::File file(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, hdf5::serial_access().get())));
    return read(file.get(), whole);
  } catch (const hdf5::Error& error) {
    throw UserError(fmt::format("{}: cannot be read as a run file: {}", path, error.what()));
  }
}

}  // namespace haloscope
