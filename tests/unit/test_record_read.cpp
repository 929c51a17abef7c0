// SPDX-License-Identifier: BSD-3-Clause
// What read_run_file refuses, and how it says so.
#include <hdf5.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/record/record.hpp"

using namespace haloscope;

namespace {

/// A folder that goes away afterwards.
struct Folder {
  Folder() {
    char name[] = "haloscope-test-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("no folder");
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

void write_run(const std::string& path, const RecordHeader& about = {}, const StepTimes& times = {.seconds = 1},
               const std::vector<Check>& checks = {}) {
  RecordHeader header = about;
  header.case_name = "fake";
  header.steps = 4;
  Record record(MPI_COMM_SELF, path, false, header, MachineReport{});
  for (int step = 0; step < 3; ++step) record.append(times, step, {});
  RecordEnd end;
  end.valid = true;
  end.checks = checks;
  record.finish(end);
}

std::string refusal(const std::string& path) {
  try {
    (void)read_run_file(path);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Sets the integer attribute @p name of the root.
void set_number(const std::string& path, const char* name, std::int64_t value) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
  REQUIRE(H5Awrite(attribute, H5T_NATIVE_INT64, &value) >= 0);
  H5Aclose(attribute);
  H5Fclose(file);
}

/// Writes the names of the phases anew.
void set_phases(const std::string& path, const std::vector<const char*>& names) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t set = H5Dopen2(file, "/timing/phase_seconds", H5P_DEFAULT);
  REQUIRE(H5Adelete(set, "phases") >= 0);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const hsize_t count = names.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t attribute = H5Acreate2(set, "phases", type, space, H5P_DEFAULT, H5P_DEFAULT);
  REQUIRE(H5Awrite(attribute, type, names.data()) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(set);
  H5Fclose(file);
}

}  // namespace

TEST_CASE("a run file is read") {
  const Folder folder;
  const std::string path = folder.path / "run.h5";
  write_run(path);
  CHECK(refusal(path) == "accepted");
  CHECK(read_run_file(path).step_seconds.size() == 3);
  CHECK(read_run_file(path).checks.empty());
}

TEST_CASE("files that are no run files are refused by one line") {
  const Folder folder;
  const std::string path = folder.path / "x.h5";
  SECTION("missing") { CHECK(refusal(path) == path + ": cannot be read: No such file or directory"); }
  SECTION("folder") { CHECK(refusal(folder.path) == folder.path.string() + ": cannot be read: Is a directory"); }
  SECTION("empty") {
    std::ofstream(path).close();
    CHECK(refusal(path) == path + ": is not a run file of Haloscope: HDF5 does not know it");
  }
  SECTION("text") {
    std::ofstream(path) << "name = \"cavity\"\n";
    CHECK(refusal(path) == path + ": is not a run file of Haloscope: HDF5 does not know it");
  }
  SECTION("HDF5 of another kind") {
    H5Fclose(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    CHECK(refusal(path) == path + ": cannot be read as a run file: its schema is \"\", not \"haloscope-run\"");
  }
  SECTION("another version") {
    write_run(path);
    set_number(path, "schema_version", 2);
    CHECK(refusal(path) ==
          path + ": cannot be read as a run file: it has schema version 2; this program reads version 1");
  }
  SECTION("a phase of another program") {
    RecordHeader header;
    header.phases = {Phase::other, Phase::track};
    write_run(path, header);
    set_phases(path, {"other", "teleport"});
    CHECK(contains(refusal(path),
                   ": cannot be read as a run file: its phase teleport is not one of those that this "
                   "program knows: other, halo, "));
  }
  SECTION("a phase twice") {
    RecordHeader header;
    header.phases = {Phase::other, Phase::track};
    write_run(path, header);
    set_phases(path, {"other", "other"});
    CHECK(contains(refusal(path), "it has the phase other twice"));
  }
  SECTION("ranks that do not fit") {
    write_run(path);
    set_number(path, "ranks", 7);
    CHECK(contains(refusal(path), path + ": cannot be read as a run file: /timing/step_seconds has another shape"));
  }
  SECTION("more steps promised than there are rows") {
    write_run(path);
    set_number(path, "steps_completed", 5);
    CHECK(contains(refusal(path), path + ": cannot be read as a run file: /timing/step_seconds has another shape"));
  }
}

TEST_CASE("a file has the phases that its problem has, in any order") {
  const Folder folder;
  const std::string path = folder.path / "run.h5";
  RecordHeader header;
  header.phases = {Phase::reduce, Phase::other, Phase::track};
  StepTimes times;
  times.seconds = 7;
  times.phase_seconds[static_cast<std::size_t>(Phase::reduce)] = 1;
  times.phase_seconds[static_cast<std::size_t>(Phase::other)] = 2;
  times.phase_seconds[static_cast<std::size_t>(Phase::track)] = 4;
  times.point_to_point_seconds.fill(0);
  times.collective_seconds[static_cast<std::size_t>(Phase::reduce)] = 0.5;
  times.messages[static_cast<std::size_t>(Phase::track)] = 5;
  times.collectives[static_cast<std::size_t>(Phase::reduce)] = -1;
  write_run(path, header, times);
  const RunFile run = read_run_file(path);
  CHECK(run.phases == std::vector<std::string>{"reduce", "other", "track"});
  CHECK(run.phase_seconds == PerPhase<double>{3, 6, 12});
  CHECK(run.collective_seconds == PerPhase<double>{1.5, 0, 0});
  CHECK(run.messages == PerPhase<double>{0, 0, 15});
  CHECK(std::isnan(run.collectives[0]));
  CHECK(run.compute_seconds == std::vector<double>{19.5});
}

TEST_CASE("time in a phase that a file does not have is a mistake in the program") {
  const Folder folder;
  RecordHeader header;
  header.phases = {Phase::other, Phase::track};
  StepTimes times;
  times.phase_seconds[static_cast<std::size_t>(Phase::halo)] = 1;
  CHECK_THROWS_AS(write_run(folder.path / "run.h5", header, times), LibraryError);
}

TEST_CASE("standard errors of checks are kept, and older files are read without") {
  const Folder folder;
  const std::string path = folder.path / "run.h5";
  write_run(path, {}, {.seconds = 1},
            {{"k_effective", 1, 1.01, 0.03, "a paper", true, 0.01}, {"lost_particles", 0, 0, 0, "exact", true}});
  RunFile run = read_run_file(path);
  REQUIRE(run.checks.size() == 2);
  CHECK(run.checks[0].standard_error == 0.01);
  CHECK(std::isnan(run.checks[1].standard_error));

  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  REQUIRE(H5Ldelete(file, "/expect/standard_error", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  run = read_run_file(path);
  REQUIRE(run.checks.size() == 2);
  CHECK(std::isnan(run.checks[0].standard_error));
  CHECK(run.checks[0].measured == 1.01);
}

TEST_CASE("a step that lacks the time of a rank does not count, nor any after it") {
  const Folder folder;
  const std::string path = folder.path / "run.h5";
  write_run(path);
  set_number(path, "steps_completed", 4);  // the fourth is NaN
  CHECK(read_run_file(path).number.at("steps_completed") == 3);
}

TEST_CASE("a file cut short anywhere is refused by one line") {
  const Folder folder;
  const std::string path = folder.path / "run.h5";
  write_run(path);
  const auto size = std::filesystem::file_size(path);
  for (auto rest = size - 1; rest > 0; rest = rest > 997 ? rest - 997 : rest / 2) {
    std::filesystem::resize_file(path, rest);
    const std::string text = refusal(path);
    CHECK(text.rfind(path + ": ", 0) == 0);
    CHECK_FALSE(contains(text, "\n"));
  }
}
