"""Deep Q-learning with a replay memory and a target network."""

import random
from collections import deque, namedtuple

import gymnasium as gym
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward", "done"))
BATCH_SIZE, GAMMA, TAU, LR = 128, 0.99, 0.005, 1e-4


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1 = nn.Linear(n_observations, 128)
        self.layer2 = nn.Linear(128, 128)
        self.layer3 = nn.Linear(128, n_actions)

    def forward(self, x):
        x = F.relu(self.layer1(x))
        x = F.relu(self.layer2(x))
        return self.layer3(x)


env = gym.make("CartPole-v1")
policy_net = DQN(4, 2)
target_net = DQN(4, 2)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
memory = deque(maxlen=10000)


def select_action(state, eps):
    if random.random() < eps:
        return env.action_space.sample()
    with torch.no_grad():
        return policy_net(state.unsqueeze(0)).argmax(1).item()


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    batch = Transition(*zip(*random.sample(memory, BATCH_SIZE)))
    states = torch.stack(batch.state)
    next_states = torch.stack(batch.next_state)
    actions = torch.tensor(batch.action).unsqueeze(1)
    rewards = torch.tensor(batch.reward, dtype=torch.float32)
    dones = torch.tensor(batch.done, dtype=torch.float32)
    q = policy_net(states).gather(1, actions).squeeze(1)
    with torch.no_grad():
        target = rewards + GAMMA * (1 - dones) * target_net(next_states).max(1).values
    loss = nn.SmoothL1Loss()(q, target)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()


for episode in range(600):
    state, _ = env.reset()
    state = torch.tensor(state, dtype=torch.float32)
    done, total = False, 0.0
    while not done:
        action = select_action(state, eps=max(0.05, 0.9 - episode / 300))
        observation, reward, terminated, truncated, _ = env.step(action)
        done = terminated or truncated
        next_state = torch.tensor(observation, dtype=torch.float32)
        memory.append(Transition(state, action, next_state, reward, float(terminated)))
        state, total = next_state, total + reward
        optimize_model()
        for target_param, param in zip(target_net.parameters(), policy_net.parameters()):
            target_param.data.copy_(TAU * param.data + (1 - TAU) * target_param.data)
    print(episode, total)
