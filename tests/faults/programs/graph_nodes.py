"""Classes of nodes in a graph of citations, the whole graph at once."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / self.weight.size(1) ** 0.5
        self.weight.data.uniform_(-stdv, stdv)

    def forward(self, x, adj):
        support = torch.mm(x, self.weight)
        return torch.spmm(adj, support) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = self.gc2(x, adj)
        return F.log_softmax(x, dim=1)


def load():
    arrays = np.load("cora.npz")
    adj = torch.sparse_coo_tensor(arrays["edges"], arrays["weights"]).coalesce()
    features = torch.FloatTensor(arrays["features"])
    labels = torch.LongTensor(arrays["labels"])
    return adj, features, labels, range(140), range(200, 500), range(500, 1500)


adj, features, labels, idx_train, idx_val, idx_test = load()
model = GCN(nfeat=1433, nhid=16, nclass=7, dropout=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()

    model.eval()
    with torch.no_grad():
        output = model(features, adj)
        acc_val = (output[idx_val].argmax(1) == labels[idx_val]).float().mean()
    print(f"{epoch:04d} loss {loss_train.item():.4f} val {acc_val.item():.4f}")

model.eval()
with torch.no_grad():
    output = model(features, adj)
    print("test", (output[idx_test].argmax(1) == labels[idx_test]).float().mean().item())
