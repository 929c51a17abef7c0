// SPDX-License-Identifier: BSD-3-Clause
// What is recorded is what is read back, on any number of ranks; and every refusal.
#include "haloscope/record/record.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

/// A folder that all ranks share and that goes away afterwards.
class Folder {
 public:
  Folder() {
    char name[] = "haloscope-test-XXXXXX";
    if (rank_of_world() == 0 && mkdtemp(name) == nullptr) throw std::runtime_error("no folder");
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, MPI_COMM_WORLD);
    path_ = name;
  }
  ~Folder() {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of_world() == 0) std::filesystem::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Numbers that differ for every step, rank and phase, exact in binary.
StepTimes fake_step(std::int64_t step, int rank) {
  StepTimes times;
  times.start = 1000 + static_cast<double>(step) + 0.25 * rank;
  times.seconds = 1 + 0.5 * static_cast<double>(step) + 64 * rank;
  for (std::size_t phase = 0; phase < solver_phases.size(); ++phase) {
    const double unit = static_cast<double>(phase) + 16 * static_cast<double>(step) + 1024 * rank;
    times.phase_seconds[phase] = unit;
    times.point_to_point_seconds[phase] = unit / 4;
    times.collective_seconds[phase] = unit / 8;
    times.messages[phase] = 3 * static_cast<std::int64_t>(unit);
    times.bytes[phase] = (std::int64_t{1} << 40) + static_cast<std::int64_t>(unit);
    times.collectives[phase] = 7 * static_cast<std::int64_t>(unit);
  }
  return times;
}

RecordHeader header(std::int64_t steps) {
  RecordHeader header;
  header.case_name = "fake";
  header.case_text = std::string(1 << 20, '#') + "\nname = \"größer als 64 KiB\"\n";
  header.effective_case = R"({"run": {"steps": 7}})";
  header.command_line = "haloscope run fake.toml";
  header.seed = -5;
  header.warmup_steps = 2;
  header.steps = steps;
  header.solver_quantities = {"iterations", "residual"};
  header.extra = {{"petsc_version", "3.18.5"}};
  return header;
}

MachineReport machine() {
  MachineReport machine;
  machine.place.host = "node" + std::string(static_cast<std::size_t>(rank_of_world()), 'x');
  machine.place.logical_cores = {0, 1, 2, 8};
  machine.facts = {{"cpu_model", "a fast one"}, {"governor", ""}};
  machine.topology_xml = std::string(100000, 'x');
  machine.warnings = {"two ranks share core 0"};
  return machine;
}

/// The text of the error of type @p Error that @p work throws on this rank, "" when none.
template <class Error>
std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void append_steps(Record& record, std::int64_t begin, std::int64_t end) {
  for (std::int64_t step = begin; step < end; ++step) {
    const StepTimes times = fake_step(step, rank_of_world());
    record.append(times, times.start, {static_cast<double>(10 * step), 1.0 / 1024});
  }
}

}  // namespace

TEST_CASE("what is recorded is what is read back") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const int ranks = ranks_of_world();
  constexpr std::int64_t planned = 200, done = 130, warmup = 2;
  {
    Record record(MPI_COMM_WORLD, path, false, header(planned), machine());
    append_steps(record, 0, done);
    record.finish({.valid = true,
                   .invalid_reasons = {},
                   .warnings = {"one", "two"},
                   .checks = {{"energy", 1.5, 1.25, 0.5, "a paper", true}, {"mass", 0, 2, 1, "exact", false}},
                   .profiles = {{"u", {0, 0.5, 1}, {1, 2, 3}}}});
    CHECK(record.flushed() == done);
    CHECK(contains(error_of<LibraryError>([&] { append_steps(record, done, done + 1); }), "finished"));
  }
  const RunFile run = read_run_file(path);
  CHECK(run.text.at("schema") == "haloscope-run");
  CHECK(run.text.at("case_text") == header(planned).case_text);
  CHECK(run.text.at("effective_case") == header(planned).effective_case);
  CHECK(run.text.at("petsc_version") == "3.18.5");
  CHECK(run.text.at("created_utc").size() == std::string("2026-01-01T00:00:00Z").size());
  for (const char* const name : {"case_name", "command_line", "haloscope_version", "compiler", "compiler_flags",
                                 "mpi_library", "hdf5_version", "network", "clock"})
    CHECK(!run.text.at(name).empty());
  CHECK(run.text.count("git_commit") == 1);
  CHECK(run.number.at("schema_version") == 1);
  CHECK(run.number.at("valid") == 1);
  CHECK(run.number.at("ranks") == ranks);
  CHECK(run.number.at("nodes") == 1);
  CHECK(run.number.at("ranks_per_node") == 1);
  CHECK(run.number.at("seed") == -5);
  CHECK(run.number.at("warmup_steps") == warmup);
  CHECK(run.number.at("steps_completed") == done);
  CHECK(run.machine == machine().facts);
  CHECK(run.warnings == std::vector<std::string>{"one", "two"});
  CHECK(run.invalid_reasons.empty());
  REQUIRE(run.checks.size() == 2);
  CHECK(run.checks[0].name == "energy");
  CHECK(run.checks[0].expected == 1.5);
  CHECK(run.checks[0].measured == 1.25);
  CHECK(run.checks[0].tolerance == 0.5);
  CHECK(run.checks[0].source == "a paper");
  CHECK(run.checks[0].pass);
  CHECK_FALSE(run.checks[1].pass);
  REQUIRE(run.step_seconds.size() == done);
  REQUIRE(run.solver.at("iterations").size() == done);
  PerPhase<double> seconds{}, point_to_point{}, collective{}, messages{}, bytes{}, collectives{};
  bool same = true;
  for (std::int64_t step = 0; step < done; ++step) {
    const auto at = static_cast<std::size_t>(step);
    same = same && run.step_seconds[at] == fake_step(step, ranks - 1).seconds;
    same = same && run.solver.at("iterations")[at] == static_cast<double>(10 * step);
    same = same && run.solver.at("residual")[at] == 1.0 / 1024;
    for (int rank = 0; rank < ranks && step >= warmup; ++rank) {
      const StepTimes times = fake_step(step, rank);
      for (std::size_t phase = 0; phase < solver_phases.size(); ++phase) {
        seconds[phase] += times.phase_seconds[phase];
        point_to_point[phase] += times.point_to_point_seconds[phase];
        collective[phase] += times.collective_seconds[phase];
        messages[phase] += static_cast<double>(times.messages[phase]);
        bytes[phase] += static_cast<double>(times.bytes[phase]);
        collectives[phase] += static_cast<double>(times.collectives[phase]);
      }
    }
  }
  CHECK(same);
  CHECK(run.phase_seconds == seconds);
  CHECK(run.point_to_point_seconds == point_to_point);
  CHECK(run.collective_seconds == collective);
  CHECK(run.messages == messages);
  CHECK(run.bytes == bytes);
  CHECK(run.collectives == collectives);
  CHECK_FALSE(run.virtual_times.has_value());
}

TEST_CASE("a virtual clock keeps what was computed and the ideal time as well, and how exact they are") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const int ranks = ranks_of_world();
  constexpr std::int64_t steps = 30, warmup = 2;
  RecordHeader on_virtual_clock = header(steps);
  on_virtual_clock.clock = "virtual";
  on_virtual_clock.extra["free_calls"] = "";
  on_virtual_clock.extra_numbers = {{"exact", 0}, {"ranks_per_node", 3}};
  // Of rank r in step s: phase 0 computes r + 1, phase 1 s + 1; the ideal network takes twice that, this one four
  // times.
  const auto step_of = [](std::int64_t step, int rank) {
    StepTimes times = fake_step(step, rank);
    times.compute_seconds = {rank + 1.0, static_cast<double>(step) + 1};
    for (std::size_t phase = 0; phase < solver_phases.size(); ++phase) {
      times.ideal_seconds[phase] = 2 * times.compute_seconds[phase];
      times.phase_seconds[phase] = 4 * times.compute_seconds[phase];
    }
    times.seconds = 4 * (times.compute_seconds[0] + times.compute_seconds[1]);
    return times;
  };
  {
    Record record(MPI_COMM_WORLD, path, false, on_virtual_clock, machine());
    for (std::int64_t step = 0; step < steps; ++step) {
      const StepTimes times = step_of(step, rank_of_world());
      record.append(times, times.start, {0, 0});
    }
    record.flush();
    CHECK(read_run_file(path).number.at("exact") == 0);
    MPI_Barrier(MPI_COMM_WORLD);
    RecordEnd end;
    end.extra = {{"free_calls", "MPI_Comm_dup 4"}};
    end.extra_numbers = {{"exact", 1}};
    record.finish(end);
  }
  const RunFile run = read_run_file(path);
  CHECK(run.number.at("exact") == 1);
  CHECK(run.number.at("ranks_per_node") == 3);
  CHECK(run.text.at("free_calls") == "MPI_Comm_dup 4");
  REQUIRE(run.virtual_times.has_value());
  const VirtualTimes& times = *run.virtual_times;
  double by_rank = 0, by_step = 0;
  for (int rank = 0; rank < ranks; ++rank) by_rank += (steps - warmup) * (rank + 1.0);
  for (std::int64_t step = warmup; step < steps; ++step) by_step += ranks * (static_cast<double>(step) + 1);
  CHECK(times.compute_seconds[0] == by_rank);
  CHECK(times.compute_seconds[1] == by_step);
  CHECK(times.ideal_seconds[1] == 2 * by_step);
  REQUIRE(times.steps.size() == steps);
  const double mean = 0.5 * (ranks + 1) + 11, largest = ranks + 11.0;  // computed in step 10
  CHECK(times.steps[10].load_balance == Approx(mean / largest));
  CHECK(times.steps[10].serialization == 0.5);
  CHECK(times.steps[10].transfer == 0.5);
  CHECK(times.whole.load_balance == Approx((by_rank + by_step) / ranks / ((steps - warmup) * ranks + by_step / ranks)));
  CHECK(times.whole.transfer == 0.5);
}

TEST_CASE("a run that does not finish leaves its flushed steps") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  {
    Record record(MPI_COMM_WORLD, path, false, header(1000), machine());
    CHECK(read_run_file(path).number.at("steps_completed") == 0);
    append_steps(record, 0, 33);
    record.flush();
    CHECK(record.flushed() == 33);
    record.flush();
    CHECK(record.flushed() == 33);
    append_steps(record, 33, 40);
    CHECK(read_run_file(path).step_seconds.size() == 33);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  const RunFile run = read_run_file(path);
  CHECK(run.number.at("valid") == 0);
  CHECK(run.number.at("steps_completed") == 33);
  CHECK(run.step_seconds.size() == 33);
  CHECK(run.invalid_reasons == std::vector<std::string>{"the run did not finish"});
  CHECK(run.warnings == machine().warnings);
  CHECK(run.checks.empty());
}

TEST_CASE("fast steps are flushed when the buffers are full, whatever their age") {
  const Folder folder;
  Record record(MPI_COMM_WORLD, folder / "run.h5", false, header(20000), machine());
  append_steps(record, 0, 20000);
  CHECK(record.flushed() >= 2 * 8192);
  CHECK(contains(error_of<LibraryError>([&] { append_steps(record, 20000, 20001); }), "planned"));
}

TEST_CASE("steps that come suddenly slow are flushed at least every 100 steps") {
  const Folder folder;
  Record record(MPI_COMM_WORLD, folder / "run.h5", false, header(400), machine());
  constexpr std::int64_t fast = 100, slow = 110;
  std::int64_t most_kept = 0;
  for (std::int64_t step = 0; step < fast + slow; ++step) {
    usleep(step < fast ? 1000 : 20000);  // at least so long; 50 slow steps are a second
    const StepTimes times = fake_step(step, rank_of_world());
    record.append(times, MPI_Wtime(), {0, 0});
    if (step >= fast) most_kept = std::max(most_kept, step + 1 - std::max(fast, record.flushed()));
  }
  CHECK(most_kept <= 100);
  CHECK(record.flushed() >= fast + slow - 100);
}

TEST_CASE("counts that nobody took are NaN, not negative") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  Record record(MPI_COMM_WORLD, path, false, header(4), machine());
  for (std::int64_t step = 0; step < 4; ++step) {
    StepTimes times = fake_step(step, 0);
    times.messages.fill(-1);
    times.point_to_point_seconds.fill(std::numeric_limits<double>::quiet_NaN());
    record.append(times, times.start, {0, 0});
  }
  record.finish({});
  const RunFile run = read_run_file(path);
  CHECK(std::isnan(run.messages[0]));
  CHECK(std::isnan(run.point_to_point_seconds[0]));
  CHECK(run.collectives[1] > 0);
  CHECK(run.number.at("valid") == 0);
}

TEST_CASE("an existing file is kept, or replaced only by a whole one") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  if (rank_of_world() == 0) {
    std::ofstream(path) << "precious";
    std::ofstream(path + ".part") << "left by a run that was killed";
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto create = [&](const std::string& where, bool force) {
    return error_of<UserError>([&] { Record record(MPI_COMM_WORLD, where, force, header(10), machine()); });
  };
  CHECK(create(path, false) == path + ": exists: name another file with --output, or overwrite it with --force");
  CHECK(std::filesystem::file_size(path) == 8);
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK(create(path, true).empty());
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
  CHECK(read_run_file(path).number.at("steps_completed") == 0);
}

TEST_CASE("a path that cannot be written is the user's mistake, the same on all ranks") {
  const Folder folder;
  if (rank_of_world() == 0) std::ofstream(folder / "file") << "not a folder";
  MPI_Barrier(MPI_COMM_WORLD);
  const auto create = [&](const std::string& where) {
    return error_of<UserError>([&] { Record record(MPI_COMM_WORLD, where, true, header(10), machine()); });
  };
  const std::string missing = folder / "no/such/run.h5", inside = folder / "file/run.h5";
  CHECK(create(missing) == missing + ": cannot be written: No such file or directory");
  CHECK(create(inside) == inside + ": cannot be written: Not a directory");
  CHECK(create(folder.path()) == folder.path().string() + ": is a directory: name a file");
}

TEST_CASE("a full disk shows at the start, before anything is replaced") {
  std::signal(SIGXFSZ, SIG_IGN);  // NOLINT: a write beyond the limit then fails, as on a full disk
  const Folder folder;
  const std::string path = folder / "run.h5";
  if (rank_of_world() == 0) std::ofstream(path) << "precious";
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  {
    const rlimit small{.rlim_cur = rlim_t{8} << 20, .rlim_max = before.rlim_max};
    MPI_Barrier(MPI_COMM_WORLD);
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string error =
        error_of<LibraryError>([&] { Record record(MPI_COMM_WORLD, path, true, header(100000), machine()); });
    setrlimit(RLIMIT_FSIZE, &before);
    MPI_Barrier(MPI_COMM_WORLD);  // rank 0 has removed what it began
    CHECK(contains(error, path + ": cannot be written: "));
    CHECK(contains(error, "MiB free there"));
    CHECK_FALSE(contains(error, "\n"));
    CHECK(std::filesystem::file_size(path) == 8);
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
  }
}

TEST_CASE("a disk that fills up in mid-run is an error on all ranks and keeps the flushed steps") {
  std::signal(SIGXFSZ, SIG_IGN);  // NOLINT
  const Folder folder;
  const std::string path = folder / "run.h5";
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  {
    Record record(MPI_COMM_WORLD, path, false, header(5000), machine());
    append_steps(record, 0, 20);
    record.flush();
    append_steps(record, 20, 40);
    const rlimit small{.rlim_cur = std::filesystem::file_size(path) / 2, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string error = error_of<LibraryError>([&] { record.flush(); });
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(contains(error, path + ": cannot be written: "));
    CHECK(record.flushed() == 20);
  }
  CHECK(read_run_file(path).step_seconds.size() == 20);
}

TEST_CASE("a record destroyed by an exception on one rank does not wait for the others") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const auto fail = [&] {
    Record record(MPI_COMM_WORLD, path, false, header(10), machine());
    append_steps(record, 0, 3);
    record.flush();
    if (rank_of_world() != 0) MPI_Barrier(MPI_COMM_WORLD);  // would hang if rank 0 had to close with the others
    if (rank_of_world() == 0) throw LibraryError("something else");
    throw UserError("released");
  };
  if (rank_of_world() == 0) {
    CHECK(contains(error_of<LibraryError>(fail), "something else"));
    MPI_Barrier(MPI_COMM_WORLD);
  } else {
    CHECK(error_of<UserError>(fail) == "released");
  }
  CHECK(read_run_file(path).step_seconds.size() == 3);
}
