// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file schema.hpp
/// The keys of one kind of settings file as one table: it reads a file into a draft, takes --set, says what is wrong
/// and what the nearest key is, writes the values in force, and prints the reference of all keys. No MPI.
///
/// A new key is one line: `schema.add("length_m", three(positive()), &Case::length_m).in("m").means("…")`. It belongs
/// to the table that was opened last. Only TUs that add keys include kinds.hpp, which costs the most to compile.
#include <concepts>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "haloscope/settings/origin.hpp"

namespace haloscope {

using Json = nlohmann::ordered_json;
template <class T>
struct Kind;

/// Which item of an array of tables is meant, and which item of an array in that item.
struct Place {
  std::size_t item = 0, inner = 0;
};

/// A key as files, messages and the reference have it.
struct KeyText {
  std::string path;                         ///< table.key, or table.table.key
  std::string allowed;                      ///< continues "must be …"
  std::string unit{}, meaning{};            ///< for the reference
  std::optional<std::string> default_as{};  ///< what the reference says instead of what a fresh draft holds
  bool required = false;
  bool written = true;  ///< false: it stands for other keys, which are written instead

  KeyText& in(std::string the_unit) { return unit = std::move(the_unit), *this; }
  KeyText& means(std::string text) { return meaning = std::move(text), *this; }
  KeyText& defaults_to(std::string text) { return default_as = std::move(text), *this; }
  KeyText& needed() { return required = true, *this; }
  KeyText& shorthand() { return written = false, *this; }
};

/// A table, or an array of tables, as the reference has it.
struct TableText {
  std::string name;           ///< "grid", "variable.values"
  std::string intro{};        ///< markdown, below the heading
  bool is_array = false;      ///< each item is written [[name]], or as one of a list of tables
  std::string array_as{};     ///< how a list of them is written; empty: [[name]]
  bool at_least_one = false;  ///< of the items
  std::string heading{};      ///< instead of `[name]`
  std::string closing{};      ///< markdown, below the table
  bool in_reference = true;   ///< false: another table stands for this one

  TableText& headed(std::string text) { return heading = std::move(text), *this; }
  TableText& closed_by(std::string text) { return closing = std::move(text), *this; }
  TableText& not_empty(std::string how = {}) { return at_least_one = true, array_as = std::move(how), *this; }
  TableText& left_out() { return in_reference = false, *this; }
};

/// All of a schema but the values.
class SchemaText {
 public:
  using Read = std::function<bool(std::size_t key, const Json&, Place)>;  ///< false: not allowed
  using Append = std::function<void(std::size_t table, Place)>;           ///< an item of defaults
  using Write = std::function<void(std::size_t key, Place, Json& into)>;  ///< null: there is nothing to write
  using Size = std::function<std::size_t(std::size_t table, Place)>;

  [[nodiscard]] const std::vector<KeyText>& keys() const noexcept { return keys_; }
  [[nodiscard]] const KeyText* find(std::string_view path) const;     ///< null: there is none
  [[nodiscard]] const TableText* array(std::string_view name) const;  ///< null: it is no array of tables
  [[nodiscard]] const TableText* array_of(const KeyText& key) const;  ///< in which @p key lies, else null
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] std::size_t index_of_table(std::string_view name) const;  ///< @pre there is one

  /// --set may give a whole table too, not only a key or an array of tables.
  void let_tables_be_set() { tables_can_be_set_ = true; }
  /// @p say is asked before --set is told that it names no key: it may know better, and throw.
  void on_unknown_override(std::function<void(const std::string& path)> say) { know_better_ = std::move(say); }

  /// Puts `table.key=value` into @p root. @throws UserError
  void apply_override(Json& root, const std::string& text, Origin& origin) const;

  /// Refuses the first required key that was not given, of those that @p asked holds for, all where it is left out;
  /// arrays of tables say so when they are read.
  void require_keys(const Origin& origin, const std::function<bool(const std::string& path)>& asked = {}) const;

 protected:
  TableText& open(TableText table);
  KeyText& add_text(const std::string& name, std::string allowed);
  void parse_text(const std::string& text, const std::vector<std::string>& overrides, Origin& origin, const Read& read,
                  const Append& append) const;
  void read_root(const Json& root, Origin& origin, const Read& read, const Append& append) const;
  [[nodiscard]] std::string json_text(const Write& write, const Size& size) const;
  [[nodiscard]] std::string toml_text(const Write& write) const;
  [[nodiscard]] std::string value_text(const Write& write, std::string_view path, Place place) const;
  [[nodiscard]] std::string default_text(const Write& write, std::size_t key) const;
  [[nodiscard]] std::string reference_text(const Write& write) const;

 private:
  struct Walk;  ///< one reading
  [[nodiscard]] bool has_table(std::string_view path) const;

  std::vector<KeyText> keys_;
  std::vector<TableText> tables_;
  bool tables_can_be_set_ = false;
  std::function<void(const std::string&)> know_better_;
};

/// The keys of files that are read into a @p Draft. A field is a member of Draft, or is called with a draft, const or
/// not, and a Place and gives a reference.
template <class Draft>
class Schema : public SchemaText {
 public:
  /// The keys that follow are those of [name].
  TableText& table(std::string name, std::string intro) {
    arrays_.emplace_back();
    return open({.name = std::move(name), .intro = std::move(intro)});
  }

  /// … of each [[name]]. @p list is a field: a vector.
  template <class List>
  TableText& array(std::string name, std::string intro, List list) {
    arrays_.push_back({[list](const Draft& draft, Place place) { return at(list, draft, place).size(); },
                       [list](Draft& draft, Place place) { at(list, draft, place).emplace_back(); }});
    return open({.name = std::move(name), .intro = std::move(intro), .is_array = true});
  }

  template <class T, class Field>
  KeyText& add(const std::string& name, const Kind<T>& kind, Field field) {
    access_.push_back({[read = kind.read, field](const Json& json, Draft& draft, Place place) {
                         std::optional<T> value = read(json);
                         if (value) at(field, draft, place) = std::move(*value);
                         return value.has_value();
                       },
                       [write = kind.write, field](const Draft& draft, Place place, Json& into) {
                         into = write(at(field, draft, place));
                       }});
    return add_text(name, kind.allowed);
  }

  /// A key that has a value only sometimes. @p get gives a pointer to it, null where there is none; @p put is a field.
  template <class T, class Get, class Put>
  KeyText& add_optional(const std::string& name, const Kind<T>& kind, Get get, Put put) {
    access_.push_back({[read = kind.read, put](const Json& json, Draft& draft, Place place) {
                         std::optional<T> value = read(json);
                         if (value) at(put, draft, place) = std::move(*value);
                         return value.has_value();
                       },
                       [write = kind.write, get](const Draft& draft, Place place, Json& into) {
                         if (const T* const value = get(draft, place)) into = write(*value);
                       }});
    return add_text(name, kind.allowed);
  }

  /// A key that is for people: any value is taken, and forgotten.
  KeyText& add_note(const std::string& name, std::string allowed) {
    access_.push_back({[](const Json&, Draft&, Place) { return true; }, [](const Draft&, Place, Json&) {}});
    return add_text(name, std::move(allowed));
  }

  /// Reads all keys of @p root, a file as parse_toml() gives it.
  /// @throws UserError for the first that is unknown or has a value that is not allowed
  void read(const Json& root, Draft& draft, Origin& origin) const {
    read_root(root, origin, reader(draft), appender(draft));
  }
  /// Reads the TOML @p text of the file that @p origin names, with @p overrides, each table.key=value, in force.
  void parse(const std::string& text, const std::vector<std::string>& overrides, Draft& draft, Origin& origin) const {
    parse_text(text, overrides, origin, reader(draft), appender(draft));
  }

  /// Every key with its value as JSON: by table, then by key; an array of tables is a list. Of tables that lie in no
  /// others.
  [[nodiscard]] std::string json(const Draft& draft) const { return json_text(writer(draft), sizes(draft)); }
  /// Every key that is written and has a value, as TOML; not those of arrays of tables.
  [[nodiscard]] std::string toml(const Draft& draft) const { return toml_text(writer(draft)); }
  /// The value in force of one key, as the user would write it; empty where there is none.
  [[nodiscard]] std::string value(const Draft& draft, std::string_view path, Place place = {}) const {
    return value_text(writer(draft), path, place);
  }

  /// Items of the array of tables @p name.
  [[nodiscard]] std::size_t size(const Draft& draft, std::string_view name) const {
    return arrays_[index_of_table(name)].size(draft, {});
  }

  /// Refuses what @p draft has at @p path. @throws UserError
  [[noreturn]] void refuse(const Origin& origin, const Draft& draft, const std::string& path,
                           const std::string& allowed, Place place = {}) const {
    origin.refuse(path, value(draft, path, place), allowed);
  }

  /// A heading, a few sentences and a table of keys for each table, as markdown.
  [[nodiscard]] std::string reference() const {
    const Draft draft = fresh();
    return reference_text(writer(draft));
  }
  /// The default of each key as the reference has it: TOML, "required", "left out", or empty.
  [[nodiscard]] std::vector<std::string> defaults() const {
    const Draft draft = fresh();
    std::vector<std::string> all;
    for (std::size_t key = 0; key < keys().size(); ++key) all.push_back(default_text(writer(draft), key));
    return all;
  }

 private:
  struct Access {
    std::function<bool(const Json&, Draft&, Place)> read;
    std::function<void(const Draft&, Place, Json& into)> write;
  };
  struct Array {
    std::function<std::size_t(const Draft&, Place)> size;
    std::function<void(Draft&, Place)> append;
  };

  template <class Field, class D>
  static decltype(auto) at(Field field, D& draft, Place place) {
    if constexpr (std::is_member_object_pointer_v<Field>)
      return (draft.*field);
    else
      return field(draft, place);
  }

  Read reader(Draft& draft) const {
    return [this, &draft](std::size_t key, const Json& value, Place place) {
      return access_[key].read(value, draft, place);
    };
  }
  Append appender(Draft& draft) const {
    return [this, &draft](std::size_t table, Place place) { arrays_[table].append(draft, place); };
  }
  Write writer(const Draft& draft) const {
    return [this, &draft](std::size_t key, Place place, Json& into) { access_[key].write(draft, place, into); };
  }
  Size sizes(const Draft& draft) const {
    return [this, &draft](std::size_t table, Place place) { return arrays_[table].size(draft, place); };
  }
  /// Defaults, with one item in each array of tables.
  Draft fresh() const {
    Draft draft{};
    for (const Array& array : arrays_)
      if (array.append) array.append(draft, {});
    return draft;
  }

  std::vector<Access> access_;
  std::vector<Array> arrays_;  ///< empty functions for tables
};

/// A field: @p member of an item of @p list, itself a field.
template <class List, class T, class Item>
auto each(List list, T Item::*member) {
  return [ list, member ](auto& draft, Place place) -> auto& {
    if constexpr (std::is_member_object_pointer_v<List>)
      return (draft.*list).at(place.item).*member;
    else
      return list(draft, place).at(place.item).*member;
  };
}

/// A field: @p member of a @p part of the draft.
template <class Draft, class Part, class T>
auto part(Part Draft::*of, T Part::*member) {
  return [ of, member ](auto& draft, Place) -> auto& { return draft.*of.*member; };
}

}  // namespace haloscope
