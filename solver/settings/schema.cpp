// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/settings/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "haloscope/base/errors.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

std::string table_of(std::string_view path) { return std::string(path.substr(0, path.rfind('.'))); }

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('.') + 1)); }

std::string cell(const std::string& code) { return code.empty() ? code : fmt::format("`{}`", code); }

}  // namespace

// --- the table of keys -----------------------------------------------------------------------------------------------

TableText& SchemaText::open(TableText table) { return tables_.emplace_back(std::move(table)); }

KeyText& SchemaText::add_text(const std::string& name, std::string allowed) {
  return keys_.emplace_back(KeyText{.path = tables_.back().name + "." + name, .allowed = std::move(allowed)});
}

const KeyText* SchemaText::find(std::string_view path) const {
  const auto found = std::ranges::find(keys_, path, &KeyText::path);
  return found == keys_.end() ? nullptr : &*found;
}

const TableText* SchemaText::array(std::string_view name) const {
  const auto found = std::ranges::find(tables_, name, &TableText::name);
  return found == tables_.end() || !found->is_array ? nullptr : &*found;
}

std::size_t SchemaText::index_of_table(std::string_view name) const {
  const auto found = std::ranges::find(tables_, name, &TableText::name);
  require(found != tables_.end(), "a table is asked for by its name");
  return static_cast<std::size_t>(found - tables_.begin());
}

const TableText* SchemaText::array_of(const KeyText& key) const { return array(table_of(key.path)); }

bool SchemaText::has_table(std::string_view path) const {
  const std::string start = std::string(path) + ".";
  return std::ranges::any_of(keys_, [&start](const KeyText& key) { return key.path.starts_with(start); });
}

std::vector<std::string> SchemaText::paths() const {
  std::vector<std::string> all;
  for (const KeyText& key : keys_) all.push_back(key.path);
  return all;
}

// --- reading ---------------------------------------------------------------------------------------------------------

struct SchemaText::Walk {
  const SchemaText& schema;
  Origin& origin;
  const Read& read;
  const Append& append;

  /// @p prefix ends with a dot, or is empty for the whole file.
  void table(const Json& json, const std::string& prefix, Place place) const {
    for (const auto& [name, node] : sorted(json)) {
      const std::string path = prefix + name;
      const auto key = std::ranges::find(schema.keys_, path, &KeyText::path);
      if (key != schema.keys_.end()) {
        if (!read(static_cast<std::size_t>(key - schema.keys_.begin()), *node, place))
          origin.refuse(path, shown(*node), "must be " + key->allowed);
        origin.given.insert(path);
      } else if (const TableText* const list = schema.array(path)) {
        array(*node, *list, place);
      } else if (!schema.has_table(path)) {
        const bool bare = !node->is_object() || node->empty();
        refuse_unknown(origin.from_set(path) ? "--set" : origin.file,
                       bare ? path : path + "." + sorted(*node).front().first, schema.paths());
      } else if (node->is_object()) {
        table(*node, path + ".", place);
      } else {
        origin.refuse(path, shown(*node), fmt::format("must be a table, [{}]", path));
      }
    }
  }

  void array(const Json& json, const TableText& list, Place place) const {
    const bool inner = list.name.find('.') != std::string::npos;
    if (!json.is_array() || (json.empty() && list.at_least_one)) refuse_array(list, shown(json));
    for (std::size_t item = 0; item < json.size(); ++item) {
      if (!json[item].is_object())
        origin.refuse(list.name, shown(json[item]), fmt::format("must be a table, [[{}]]", list.name));
      (inner ? place.inner : place.item) = item;
      append(static_cast<std::size_t>(&list - schema.tables_.data()), place);
      table(json[item], list.name + ".", place);
      require(json[item], list);
    }
  }

  /// What each item of an array of tables must have.
  void require(const Json& item, const TableText& list) const {
    for (const KeyText& key : schema.keys_)
      if (key.required && table_of(key.path) == list.name && !item.contains(name_of(key.path)))
        origin.refuse(key.path, "missing", "must be " + key.allowed);
    for (const TableText& below : schema.tables_)
      if (below.at_least_one && table_of(below.name) == list.name && below.name != list.name &&
          !item.contains(name_of(below.name)))
        refuse_array(below, "missing");
  }

  [[noreturn]] void refuse_array(const TableText& list, const std::string& value) const {
    origin.refuse(
        list.name, value,
        "must be " + (list.array_as.empty() ? fmt::format("an array of tables, [[{}]]", list.name) : list.array_as));
  }
};

void SchemaText::read_root(const Json& root, Origin& origin, const Read& read, const Append& append) const {
  Walk{*this, origin, read, append}.table(root, "", {});
}

void SchemaText::parse_text(const std::string& text, const std::vector<std::string>& overrides, Origin& origin,
                            const Read& read, const Append& append) const {
  Json root = parse_toml(text, origin.file);
  for (const std::string& whole : overrides) apply_override(root, whole, origin);
  read_root(root, origin, read, append);
}

void SchemaText::apply_override(Json& root, const std::string& text, Origin& origin) const {
  auto [path, value] = parse_override(text);
  const KeyText* const key = find(path);
  if (key != nullptr && array_of(*key) != nullptr)
    throw UserError(fmt::format("--set:{}: must be set as a whole, as {}=[…]", path, table_of(path)));
  if (key == nullptr && array(path) == nullptr && !(tables_can_be_set_ && has_table(path))) {
    if (know_better_) know_better_(path);
    refuse_unknown("--set", path, paths());
  }
  Json* into = &root;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string name = path.substr(begin, dot - begin);
    if (!into->contains(name)) (*into)[name] = Json::object();
    into = &(*into)[name];
    if (!into->is_object()) origin.refuse(path.substr(0, dot), shown(*into), "must be a table");
    begin = dot + 1;
  }
  origin.overridden.insert(path);
  (*into)[path.substr(begin)] = std::move(value);
}

void SchemaText::require_keys(const Origin& origin, const std::function<bool(const std::string&)>& asked) const {
  for (const KeyText& key : keys_)
    if (key.required && array_of(key) == nullptr && !origin.given.contains(key.path) && (!asked || asked(key.path)))
      origin.refuse(key.path, "missing", "must be " + key.allowed);
}

// --- writing ---------------------------------------------------------------------------------------------------------

std::string SchemaText::json_text(const Write& write, const Size& size) const {
  Json json = Json::object();
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const std::string table = table_of(keys_[key].path), name = name_of(keys_[key].path);
    const TableText* const list = array(table);
    if (list == nullptr) {
      write(key, {}, json[table][name]);
      continue;
    }
    Json& items = json[table];
    if (items.is_null()) items = Json::array();
    const std::size_t n = size(static_cast<std::size_t>(list - tables_.data()), {});
    for (std::size_t item = 0; item < n; ++item) {
      if (items.size() <= item) items.push_back(Json::object());
      write(key, {item, 0}, items[item][name]);
    }
  }
  return json.dump();
}

std::string SchemaText::toml_text(const Write& write) const {
  std::string text, open;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    Json value;
    if (keys_[key].written && array_of(keys_[key]) == nullptr) write(key, {}, value);
    if (value.is_null()) continue;
    const std::string table = table_of(keys_[key].path);
    if (table != open) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", table);
    open = table;
    text += fmt::format("{} = {}\n", name_of(keys_[key].path), toml_of(value));
  }
  return text;
}

std::string SchemaText::value_text(const Write& write, std::string_view path, Place place) const {
  const KeyText* const key = find(path);
  Json value;
  if (key != nullptr && key->written) write(static_cast<std::size_t>(key - keys_.data()), place, value);
  return value.is_null() ? "" : toml_of(value);
}

// --- the reference ---------------------------------------------------------------------------------------------------

std::string SchemaText::default_text(const Write& write, std::size_t key) const {
  if (keys_[key].default_as) return *keys_[key].default_as;
  if (keys_[key].required) return "required";
  Json value;
  write(key, {}, value);
  if (value == "inf") return "inf";  // JSON has no infinity, TOML does
  return value.is_null() ? "" : toml_of(value);
}

std::string SchemaText::reference_text(const Write& write) const {
  std::string text;
  for (const TableText& table : tables_) {
    if (!table.in_reference) continue;
    const std::string name = table.is_array ? fmt::format("`[[{}]]`", table.name) : fmt::format("`[{}]`", table.name);
    text += fmt::format("\n## {}\n\n", table.heading.empty() ? name : table.heading);
    if (!table.intro.empty()) text += table.intro + "\n\n";
    text += "| key | unit | allowed | default | meaning |\n|---|---|---|---|---|\n";
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      const KeyText& of = keys_[key];
      if (!of.path.starts_with(table.name + ".")) continue;
      text += fmt::format("| `{}` | {} | {} | {} | {} |\n", of.path, of.unit, of.allowed,
                          cell(default_text(write, key)), of.meaning);
    }
    if (!table.closing.empty()) text += "\n" + table.closing + "\n";
  }
  return text;
}

}  // namespace haloscope
