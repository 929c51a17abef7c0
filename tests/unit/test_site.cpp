// SPDX-License-Identifier: BSD-3-Clause
// What a site file may say, and every way to get it wrong.
#include "launch/site.hpp"

#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"

using namespace haloscope;

namespace {

const std::string least = "[job]\nlaunch = \"srun\"\n";

std::string error_of(const std::string& text) {
  try {
    (void)parse_site(text, "s.toml");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::string shipped(const std::string& name) {
  std::ifstream file(std::string(HALOSCOPE_SOURCE_DIR) + "/jobs/sites/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a site needs only to say what starts the ranks") {
  const Site site = parse_site(least, "s.toml");
  CHECK(site.launch == "srun");
  CHECK(site.exclusive);
  CHECK(site.requeue);
  CHECK(site.one_at_a_time);
  CHECK(site.ranks_per_node == 0);
  CHECK(site.signal_seconds == 60);
}

TEST_CASE("the shipped sites are read, and the example sets every key") {
  CHECK(parse_site(shipped("default.toml"), "default.toml").launch.starts_with("srun --mpi=pmix"));
  const Site site = parse_site(shipped("example.toml"), "example.toml");
  CHECK(site.partition == "compute");
  CHECK(site.account == "abc123");
  CHECK(site.constraint == "icelake&ib");
  CHECK(site.sbatch.size() == 2);
  CHECK(site.modules.size() == 2);
  CHECK(site.environment.size() == 3);
  CHECK(site.ranks_per_node == 64);
}

TEST_CASE("mistakes in a site are told in one line") {
  CHECK(error_of("") == "s.toml:job.launch: missing: must be what starts the ranks of a job");
  CHECK(error_of(least + "[slurm]\npartion = \"x\"\n") ==
        "s.toml:slurm.partion: unknown key; the nearest known key is slurm.partition");
  CHECK(error_of(least + "[slrum]\nqos = \"x\"\n") ==
        "s.toml:slrum.qos: unknown key; the nearest known key is slurm.qos");
  CHECK(error_of("slurm = 3\n" + least) == "s.toml:slurm: 3: must be a table, [slurm]");
  CHECK(error_of(least + "[slurm]\npartition = \"a b\"\n") == "s.toml:slurm.partition: 'a b': must be one word");
  CHECK(error_of(least + "[slurm]\nsbatch = [\"mem=0\"]\n").starts_with("s.toml:slurm.sbatch: "));
  CHECK(error_of(least + "[slurm]\nsignal_seconds = 0\n") ==
        "s.toml:slurm.signal_seconds: 0: must be an integer from 1 to 3600");
  CHECK(error_of(least + "modules = [\"gcc; reboot\"]\n").starts_with("s.toml:job.modules: "));
  CHECK(error_of(least + "environment = [\"A\"]\n").starts_with("s.toml:job.environment: "));
  CHECK(error_of("[job]\nlaunch = \"mpirun --map-by ppr:@RANKS_PER_NODE@:node\"\n")
            .starts_with("s.toml:job.launch: has @RANKS_PER_NODE@: slurm.ranks_per_node"));
}
