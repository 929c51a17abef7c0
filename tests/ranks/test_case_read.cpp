// SPDX-License-Identifier: BSD-3-Clause
// Reading on many ranks: one rank reads, all get the same case or the same one-line error.
#include <mpi.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/case/read.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

/// A directory of rank 0 with a name that all ranks know; gone when it dies.
class Scratch {
 public:
  Scratch() {
    long id = static_cast<long>(getpid());
    MPI_Bcast(&id, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    path_ = std::filesystem::temp_directory_path() / ("haloscope_test_case_read_" + std::to_string(id));
    if (rank_of_world() == 0) std::filesystem::create_directory(path_);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  ~Scratch() {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of_world() == 0) std::filesystem::remove_all(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The path of a file that only rank 0 writes.
  std::string write(const std::string& name, const std::string& text) const {
    if (rank_of_world() == 0) std::ofstream(path_ / name) << text;
    MPI_Barrier(MPI_COMM_WORLD);
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// The error of reading, the same on all ranks, or the test fails.
std::string common_error(const std::string& path, const std::vector<std::string>& overrides = {}) {
  std::string error = "no error";
  try {
    (void)read_case(MPI_COMM_WORLD, path, overrides);
  } catch (const UserError& thrown) {
    error = thrown.what();
  }
  char first[1024] = {};
  error.copy(first, sizeof first - 1);
  MPI_Bcast(first, sizeof first, MPI_CHAR, 0, MPI_COMM_WORLD);
  CHECK(error == first);
  return error;
}

const std::string good = "[about]\nname = \"p\"\nproblem = \"poisson\"\n[grid]\ncells = [8, 8, 8]\n";

}  // namespace

TEST_CASE("all ranks get the case that rank 0 read") {
  const Scratch scratch;
  const std::string file = scratch.write("good.toml", good);
  const Case c = read_case(MPI_COMM_WORLD, file, {"run.steps=5"});
  CHECK(c.name == "p");
  CHECK(c.steps == 5);
  CHECK(c.text == good);
  CHECK(c.file == file);
}

TEST_CASE("what cannot be read is the same error everywhere") {
  const Scratch scratch;
  CHECK(common_error(scratch.path() + "/none.toml") ==
        scratch.path() + "/none.toml: cannot be opened: No such file or directory");
  CHECK(common_error(scratch.path()) == scratch.path() + ": is a directory: give the .toml file of a case");
  CHECK(common_error("") == "the case file: its name is empty");
  const std::string big = scratch.write("big.toml", std::string((1 << 20) + 1, '#'));
  CHECK(common_error(big) == big + ": is longer than 1 MiB: not a case file");
  CHECK(common_error("/dev/zero") == "/dev/zero: is longer than 1 MiB: not a case file");
  const std::string empty = scratch.write("empty.toml", "");
  CHECK(common_error(empty).starts_with(empty + ":about.name: missing"));
  const std::string broken = scratch.write("broken.toml", "[about\n");
  CHECK(common_error(broken).starts_with(broken + ":1:"));
  if (geteuid() != 0) {  // root reads everything
    const std::string hidden = scratch.write("hidden.toml", good);
    if (rank_of_world() == 0) std::filesystem::permissions(hidden, std::filesystem::perms::none);
    MPI_Barrier(MPI_COMM_WORLD);
    CHECK(common_error(hidden) == hidden + ": cannot be opened: Permission denied");
  }
}

TEST_CASE("ranks that were started differently all hear of it") {
  if (ranks_of_world() == 1) return;  // nobody to disagree with
  const Scratch scratch;
  const std::string file = scratch.write("good.toml", good), other = scratch.write("other.toml", good);
  const std::string text = file + ": all ranks must be started with the same case file and --set values";
  const bool odd_one = rank_of_world() == ranks_of_world() - 1;
  CHECK(common_error(odd_one ? other : file) == text);
  CHECK(common_error(file, odd_one ? std::vector<std::string>{"run.steps=2"} : std::vector<std::string>{}) == text);
  CHECK(common_error(file, {odd_one ? "run.steps=2" : "run.steps=3"}) == text);
}
