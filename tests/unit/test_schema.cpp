// SPDX-License-Identifier: BSD-3-Clause
// The engine that reads every kind of settings file: what it reads and writes, and each error text that it can show.
#include "haloscope/settings/schema.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/settings/kinds.hpp"

using namespace haloscope;

namespace {

struct Seat {
  std::string who;
  std::vector<double> weights;
};

struct Row {
  std::string name;
  std::vector<Seat> seats;
};

/// What a file is read into.
struct Hall {
  std::string name;
  double height_m = 3.5;
  std::optional<int> doors{};
  int lamps = 0;
  std::vector<Row> rows;
};

Schema<Hall> schema_of_halls(bool whole_tables = false) {
  Schema<Hall> keys;
  keys.table("about", "What the hall is.");
  keys.add("name", identifier(), &Hall::name).needed().means("how it is called");
  keys.add_note("date", "anything").means("for people");
  keys.table("size", "How large it is.").closed_by("Heights are inner ones.");
  keys.add("height_m", positive_or_infinite(), &Hall::height_m).in("m").means("from the floor");
  keys.add_optional(
          "ways.doors", integer<int>(1), [](const Hall& h, Place) { return h.doors ? &*h.doors : nullptr; },
          &Hall::doors)
      .needed()
      .defaults_to("left out")
      .means("to leave by");
  keys.add("ways.lamps", integer<int>(0, 9), &Hall::lamps).shorthand().means("over them");
  keys.array("row", "Each row.", &Hall::rows);
  keys.add("name", some_text(), each(&Hall::rows, &Row::name)).needed().means("of a row");
  const auto seats = [](auto& hall, Place place) -> auto& { return hall.rows.at(place.item).seats; };
  keys.array("row.seats", "", seats).not_empty("a list of tables, [{who = …}, …]").left_out();
  keys.add(
          "who", some_text(), [seats](auto& h, Place p) -> auto& { return seats(h, p).at(p.inner).who; })
      .needed();
  keys.add(
      "weights", list_of(any_number()), [seats](auto& h, Place p) -> auto& { return seats(h, p).at(p.inner).weights; });
  if (whole_tables) keys.let_tables_be_set();
  return keys;
}

/// An opera need not say how many doors it has.
bool in_an_opera(const std::string& path) { return path != "size.ways.doors"; }

Hall read(const std::string& text, const std::vector<std::string>& overrides = {}, bool whole_tables = false) {
  const Schema<Hall> keys = schema_of_halls(whole_tables);
  Hall hall;
  Origin origin{"h.toml", {}, {}};
  keys.parse(text, overrides, hall, origin);
  keys.require_keys(origin, in_an_opera);
  return hall;
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {},
                     bool whole_tables = false) {
  try {
    (void)read(text, overrides, whole_tables);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

const std::string named = "about.name = \"a\"\n";
const std::string rows =
    "[[row]]\nname = \"r\"\nseats = [{who = \"x\", weights = [1, 2]}, {who = \"y\"}]\n[[row]]\nname = \"s\"\nseats = "
    "[{who = "
    "\"z\"}]\n";

}  // namespace

TEST_CASE("keys of tables, of tables in tables, and of items in items find their places") {
  const Hall hall = read(named + "about.date = 2026-01-02\nsize.ways.doors = 2\n" + rows, {"size.height_m=inf"});
  CHECK(hall.name == "a");
  CHECK(std::isinf(hall.height_m));
  CHECK(hall.doors == 2);
  REQUIRE(hall.rows.size() == 2);
  REQUIRE(hall.rows[0].seats.size() == 2);
  CHECK(hall.rows[0].seats[0].weights == std::vector<double>{1, 2});
  CHECK(hall.rows[0].seats[1].who == "y");
  CHECK(hall.rows[1].seats[0].who == "z");
}

TEST_CASE("--set sets keys, arrays of tables as a whole, and tables where a schema lets it") {
  CHECK(read(named, {"size.ways.doors=3"}).doors == 3);
  CHECK(read(named + rows, {"row=[]"}).rows.empty());
  CHECK(read(named, {"size={height_m=2}"}, true).height_m == 2);
  CHECK(error_of(named, {"size={height_m=2}"}) == "--set:size: unknown key; the nearest known key is size.height_m");
  CHECK(error_of(named, {"row.name=x"}) == "--set:row.name: must be set as a whole, as row=[…]");
  CHECK(error_of(named, {"row=[{nam=1}]"}) == "--set:row.nam: unknown key; the nearest known key is row.name");
  CHECK(error_of(named, {"size.height_m=-1"}) == "--set:size.height_m: -1: must be a positive number, or inf");
  CHECK(error_of("size = 3\n" + named, {"size.height_m=1"}) == "h.toml:size: 3: must be a table");
  CHECK(error_of(named, {"size.height_m"}) == "--set:size.height_m: must be written table.key=value");
  CHECK(error_of(named, {"size.height_m=1 2"}) == "--set:size.height_m=1 2: the value must be TOML or a bare word");
  Schema<Hall> keys = schema_of_halls();
  keys.on_unknown_override([](const std::string& path) { throw UserError(path + " is of the yard"); });
  Hall hall;
  Origin origin{"h.toml", {}, {}};
  CHECK_THROWS_WITH(keys.parse(named, {"yard.size=1"}, hall, origin), "yard.size is of the yard");
}

TEST_CASE("a mistake is told with its key, its value and what is allowed") {
  CHECK(error_of("about.nam = 1\n") == "h.toml:about.nam: unknown key; the nearest known key is about.name");
  CHECK(error_of("[abut]\nname = 1\n") == "h.toml:abut.name: unknown key; the nearest known key is about.name");
  CHECK(error_of("size = 3\n") == "h.toml:size: 3: must be a table, [size]");
  CHECK(error_of("size.ways = 3\n") == "h.toml:size.ways: 3: must be a table, [size.ways]");
  CHECK(error_of("") == "h.toml:about.name: missing: must be a name of letters, digits, _ and -, at most 80");
  CHECK(error_of(named + "row = 1\n") == "h.toml:row: 1: must be an array of tables, [[row]]");
  CHECK(error_of(named + "row = [1]\n") == "h.toml:row: 1: must be a table, [[row]]");
  CHECK(error_of(named + "[[row]]\nseats = [{who = \"x\"}]\n") ==
        "h.toml:row.name: missing: must be a string that is not empty");
  CHECK(error_of(named + "[[row]]\nname = \"r\"\n") ==
        "h.toml:row.seats: missing: must be a list of tables, [{who = …}, …]");
  CHECK(error_of(named + "[[row]]\nname = \"r\"\nseats = []\n") ==
        "h.toml:row.seats: []: must be a list of tables, [{who = …}, …]");
  CHECK(error_of(named + "[[row]]\nname = \"r\"\nseats = [{weights = 1}]\n") ==
        "h.toml:row.seats.who: missing: must be a string that is not empty");
  CHECK(error_of(named + "size.height_m = [ 1.5, 'a', {b = 2}, 1979-05-27, nan ]\n") ==
        "h.toml:size.height_m: [ 1.5, 'a', { b = 2 }, 1979-05-27, nan ]: must be a positive number, or inf");
  CHECK(error_of("a = \n").starts_with("h.toml:1:"));
}

TEST_CASE("what is required may depend on the reader") {
  const Schema<Hall> keys = schema_of_halls();
  Hall hall;
  Origin origin{"h.toml", {}, {}};
  keys.parse(named, {}, hall, origin);
  CHECK_NOTHROW(keys.require_keys(origin, in_an_opera));
  CHECK_THROWS_WITH(keys.require_keys(origin), "h.toml:size.ways.doors: missing: must be an integer of at least 1");
}

TEST_CASE("values in force are written as JSON, as TOML and alone") {
  const Schema<Hall> keys = schema_of_halls();
  Hall hall;
  hall.name = "a";
  hall.doors = 2;
  hall.rows.push_back({"r", {}});
  CHECK(keys.toml(hall).starts_with("[about]\nname = \"a\"\n\n[size]\nheight_m = 3.5\n\n[size.ways]\ndoors = 2\n"));
  CHECK(keys.value(hall, "size.height_m") == "3.5");
  CHECK(keys.value(hall, "row.name", {0, 0}) == "\"r\"");
  CHECK(keys.value(hall, "size.ways.lamps").empty());
  Origin origin{"h.toml", {}, {}};
  CHECK_THROWS_WITH(keys.refuse(origin, hall, "size.ways.doors", "must be odd"),
                    "h.toml:size.ways.doors: 2: must be odd");
}

TEST_CASE("the reference has a table of keys for each table") {
  const std::string text = schema_of_halls().reference();
  CHECK(text.starts_with("\n## `[about]`\n\nWhat the hall is.\n\n| key | unit | allowed | default | meaning |\n"));
  CHECK(text.find(
            "| `about.name` |  | a name of letters, digits, _ and -, at most 80 | `required` | how it is called |\n") !=
        std::string::npos);
  CHECK(text.find("| `size.height_m` | m | a positive number, or inf | `3.5` | from the floor |\n") !=
        std::string::npos);
  CHECK(text.find("| `size.ways.doors` |  | an integer of at least 1 | `left out` | to leave by |\n") !=
        std::string::npos);
  CHECK(text.find("\nHeights are inner ones.\n\n## `[[row]]`\n") != std::string::npos);
  CHECK(text.find("## `[[row.seats]]`") == std::string::npos);
  CHECK(text.find("| `row.seats.who` |") != std::string::npos);
}
