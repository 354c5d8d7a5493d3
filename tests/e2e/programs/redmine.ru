# Redmine with what the tests need in it: made at the first start, found at every later one.
require_relative 'config/environment'

def user(login, language: 'en', admin: false)
  user = User.new(firstname: login, lastname: 'test', mail: "#{login}@example.com",
                  mail_notification: 'none', language: language)
  user.login = login
  user.admin = admin
  user.password = user.password_confirmation = SecureRandom.hex
  user.save!
  Token.create!(user: user, action: 'api').update_column(:value, ENV.fetch("KEY_OF_#{login.upcase}"))
  user
end

def join(user, project, role = Role.givable.first)
  Member.create!(project: project, principal: user, roles: [role])
  user
end

def field(name, **settings)
  common = { name: name, field_format: 'string', is_for_all: true, is_filter: true }
  IssueCustomField.create!(tracker_ids: Tracker.pluck(:id), **common.merge(settings))
end

def seed
  Redmine::DefaultData::Loader.load('en')
  { rest_api_enabled: '1', login_required: '0', notified_events: [], default_language: 'en',
    default_projects_tracker_ids: Tracker.pluck(:id) }.each { |name, value| Setting[name] = value }
  # A tracker that asks for more, and one that the project does not have.
  strict, = %w[Strict Elsewhere].map { |name| Tracker.create!(name: name, default_status_id: 1) }
  project = Project.create!(name: 'Operations', identifier: 'ops', is_public: false,
                            enabled_module_names: %w[issue_tracking])
  project.trackers << strict
  field('Watcher key', max_length: 128)
  field('Hidden key', is_filter: false)
  field('Root cause', tracker_ids: [strict.id], is_required: true)
  user('chief', admin: true)
  user('stranger')
  watcher = join(user('watcher'), project)
  join(user('wanda', language: 'de'), project)
  join(user('reader'), project, Role.create!(name: 'Reader', permissions: [:view_issues]))
  closed = Project.create!(name: 'Closed', identifier: 'closed', is_public: false)
  join(watcher, closed)
  closed.close
end

migrations = ActiveRecord::Base.connection.migration_context
if migrations.needs_migration?
  # In a process of its own, so that no model of this one has seen a table that is not finished.
  Process.wait(fork do
    ActiveRecord::Migration.verbose = false
    migrations.migrate
  end)
  seed
end
run Rails.application
