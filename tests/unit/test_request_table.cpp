// SPDX-License-Identifier: BSD-3-Clause
// The request table against std::map under random use, crowded so that probes are long and deletions move cells.
#include "interconnect/account/request_table.hpp"

#include <map>
#include <random>

#include "catch.hpp"

using haloscope::interconnect::Remembered;
using haloscope::interconnect::RequestTable;

TEST_CASE("the request table holds what a map holds") {
  RequestTable table;
  struct What {
    bool collective;
    long long bytes;
  };
  std::map<RequestTable::Key, What> model;
  std::mt19937_64 random(20240607);
  int wrong = 0;
  for (int step = 0; step < 20000; ++step) {
    const RequestTable::Key key = 64 * (random() % 300);  // aligned, as addresses are
    if (random() % 2 == 0) {
      const What what{random() % 3 == 0, static_cast<long long>(random() % 1000)};
      table.remember(key, {.collective = what.collective, .bytes = what.bytes});
      model[key] = what;
    } else {
      table.forget(key);
      model.erase(key);
    }
    const RequestTable::Key asked = 64 * (random() % 300);
    const auto expected = model.find(asked);
    const Remembered* found = table.find(asked);
    if ((found != nullptr) != (expected != model.end())) ++wrong;
    if (found != nullptr && expected != model.end() && found->bytes != expected->second.bytes) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(table.size() == model.size());
  std::size_t collectives = 0;
  for (const auto& [key, what] : model) collectives += what.collective ? 1 : 0;
  CHECK(table.collectives() == collectives);
  for (const auto& [key, what] : std::map<RequestTable::Key, What>(model)) {
    table.forget(key);
    CHECK(table.find(key) == nullptr);
  }
  CHECK(table.size() == 0);
}
